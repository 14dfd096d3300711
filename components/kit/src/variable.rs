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
