//! The real servers of `manifests/local`: started, stopped and asked together.

use std::path::PathBuf;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::tools::{root, step};

/// What a server is called and where it listens, unless the environment says otherwise.
struct Server {
    name: &'static str,
    script: &'static str,
    port_variable: &'static str,
    port: u16,
    /// The address up to the port, and what follows it.
    address: (&'static str, &'static str),
}

/// In the order in which they start: the slowest last, when the others have the machine no more.
static SERVERS: [Server; 3] = [
    Server {
        name: "PostgreSQL",
        script: "postgres.sh",
        port_variable: "DAYLOOM_POSTGRES_PORT",
        port: 15_432,
        address: ("postgres://dayloom@127.0.0.1:", "/dayloom"),
    },
    Server {
        name: "Redis",
        script: "redis.sh",
        port_variable: "DAYLOOM_REDIS_PORT",
        port: 16_379,
        address: ("redis://127.0.0.1:", ""),
    },
    Server {
        name: "Kafka",
        script: "kafka.sh",
        port_variable: "DAYLOOM_KAFKA_PORT",
        port: 19_092,
        address: ("127.0.0.1:", ""),
    },
];
/// Where Kafka's controller listens: beside its clients' port, so that another Kafka is not met.
const KAFKA_CONTROLLER: (&str, &str) = ("DAYLOOM_KAFKA_CONTROLLER_PORT", "19093");

impl Server {
    fn path(&self) -> PathBuf {
        root().join("manifests/local").join(self.script)
    }

    fn port(&self) -> String {
        std::env::var(self.port_variable).unwrap_or_else(|_| self.port.to_string())
    }

    fn address(&self) -> String {
        let (before, after) = self.address;
        format!("{before}{}{after}", self.port())
    }

    fn run(&self, shell: &Shell, command: &str) -> Result<()> {
        let (script, (controller, default)) = (self.path(), KAFKA_CONTROLLER);
        let controller_port = std::env::var(controller).unwrap_or_else(|_| default.to_owned());
        cmd!(shell, "{script} {command}")
            .quiet()
            .env(self.port_variable, self.port())
            .env(controller, controller_port)
            .run()?;
        Ok(())
    }
}

/// Runs `up`, `down` or `status`.
pub(crate) fn run(shell: &Shell, command: &str) -> Result<()> {
    match command {
        "up" => up(shell),
        "down" => down(shell),
        "status" => status(shell),
        other => bail!("servers are brought `up` or `down`, or asked for their `status`; not `{other}`"),
    }
}

/// Installs what is missing, starts what does not run, and ends with one line of addresses.
fn up(shell: &Shell) -> Result<()> {
    for server in &SERVERS {
        step(&format!("Starting {}", server.name));
        server.run(shell, "install")?;
        server.run(shell, "start")?;
    }
    println!("\n{}", SERVERS.each_ref().map(Server::address).join("  "));
    Ok(())
}

/// Stops all, the last started first, even if one does not stop.
fn down(shell: &Shell) -> Result<()> {
    each(SERVERS.iter().rev(), "Stopping", |server| server.run(shell, "stop"))
}

/// Asks all; fails if one is not ready.
fn status(shell: &Shell) -> Result<()> {
    each(SERVERS.iter(), "Asking", |server| server.run(shell, "status"))
}

fn each(
    servers: impl Iterator<Item = &'static Server>,
    doing: &str,
    run: impl Fn(&Server) -> Result<()>,
) -> Result<()> {
    let mut failed = Vec::new();
    for server in servers {
        step(&format!("{doing} {}", server.name));
        if run(server).is_err() {
            failed.push(server.name);
        }
    }
    match failed.as_slice() {
        [] => Ok(()),
        _ => bail!("not as wished: {}", failed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::SERVERS;
    use crate::tools::root;

    #[test]
    fn the_scripts_and_the_composition_agree_on_ports() {
        let folder = root().join("manifests/local");
        let compose = std::fs::read_to_string(folder.join("compose.yaml")).unwrap();
        for server in &SERVERS {
            let published = format!("127.0.0.1:${{{}:-{}}}:", server.port_variable, server.port);
            assert!(compose.contains(&published), "{}: {published}", server.name);
            let script = std::fs::read_to_string(server.path()).unwrap();
            let default = format!("${{{}:-{}}}", server.port_variable, server.port);
            assert!(script.contains(&default), "{}: {default}", server.script);
        }
    }

    #[test]
    fn nginx_accepts_the_example() {
        let folder = std::env::temp_dir().join(format!("dayloom-nginx-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let tested = Command::new("nginx")
            .args(["-t", "-p"])
            .arg(&folder)
            .arg("-c")
            .arg(root().join("manifests/local/nginx.conf"))
            .output();
        std::fs::remove_dir_all(&folder).unwrap();
        let tested = match tested {
            Ok(tested) => tested,
            Err(error) if std::env::var_os("CI").is_none() => {
                println!("skipped, because nginx can not be run ({error}); on Debian: apt-get install nginx-light");
                return;
            }
            Err(error) => panic!("nginx can not be run: {error}; on Debian: apt-get install nginx-light"),
        };
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    }
}
