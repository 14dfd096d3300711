use crate::bindings::wasi::config::store;

/// The deployment's value of a variable, if it gave one that is not empty.
pub fn variable(name: &str) -> Option<String> {
    match store::get(name) {
        Ok(value) => value.filter(|v| !v.is_empty()),
        Err(error) => {
            eprintln!("variable {name} can not be read: {error:?}");
            None
        }
    }
}

/// Where another service is, without a slash at its end: the variable `<service>_url`, or its name for service chaining,
/// which is the same on Spin and on our host.
pub fn service_url(service: &str) -> String {
    match variable(&format!("{service}_url")) {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{service}.spin.internal"),
    }
}
