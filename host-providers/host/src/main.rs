//! `dayloom`: see `dayloom --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dayloom_host::cli::main()
}
