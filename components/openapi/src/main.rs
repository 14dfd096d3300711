//! Prints the document; `cargo xtask openapi` writes it where the `web` component serves it from.

#![allow(clippy::print_stdout)]

fn main() {
    println!(
        "{}",
        dayloom_openapi::document()
            .to_pretty_json()
            .expect("the document is plain JSON")
    );
}
