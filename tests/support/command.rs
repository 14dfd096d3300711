use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::{dayloom_bin, host::without_servers, root};

/// Longer than any command that is no server takes.
const ENDED_WITHIN: Duration = Duration::from_secs(30);

/// What a command that has ended said.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ended {
    /// Its standard output; panics if it failed.
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// The one line it gave as the reason; panics if it succeeded, or said more or less than one line.
    pub fn refusal(self) -> String {
        assert!(matches!(self.code, Some(1..)), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let mut lines = self.stderr.lines();
        match (lines.next(), lines.next()) {
            (Some(line), None) => line.to_owned(),
            _ => panic!("one line was expected: {self:?}"),
        }
    }
}

/// Runs `dayloom` with these arguments to its end. Panics if it does not end, such as a server that should have refused.
pub async fn dayloom<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    dayloom_with(arguments, &[]).await
}

/// The same with environment variables.
pub async fn dayloom_with<A: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = A>,
    environment: &[(String, String)],
) -> Ended {
    let child = without_servers(&mut Command::new(dayloom_bin()))
        .current_dir(root())
        .args(arguments)
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the host binary runs");
    let output = tokio::time::timeout(ENDED_WITHIN, child.wait_with_output())
        .await
        .expect("the command ends")
        .expect("its output can be read");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ended {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
