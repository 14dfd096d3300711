//! The real servers of `manifests/local`: started, stopped and asked together, for a person or for the tests.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::tools::{cache_dir, root, step};

/// What a server is called and where it listens, unless the environment says otherwise.
struct Server {
    name: &'static str,
    script: &'static str,
    port_variable: &'static str,
    port: u16,
    /// How many ports it takes, from that one on.
    ports: u16,
    folder_variable: &'static str,
    /// The address up to the port, and what follows it.
    address: (&'static str, &'static str),
    /// What the tests know it by.
    test_variable: &'static str,
    /// The same with the password of a server that was made just now.
    test_address: (&'static str, &'static str),
}

/// In the order in which they start: the slowest last, when the others have the machine no more.
static SERVERS: [Server; 3] = [
    Server {
        name: "PostgreSQL",
        script: "postgres.sh",
        port_variable: "LOCAL_POSTGRES_PORT",
        port: 15_432,
        ports: 1,
        folder_variable: "LOCAL_POSTGRES_DIR",
        address: ("postgres://dayloom@127.0.0.1:", "/dayloom"),
        test_variable: "DAYLOOM_TEST_POSTGRES_URL",
        test_address: ("postgres://dayloom:dayloom@127.0.0.1:", "/dayloom"),
    },
    Server {
        name: "Redis",
        script: "redis.sh",
        port_variable: "LOCAL_REDIS_PORT",
        port: 16_379,
        ports: 1,
        folder_variable: "LOCAL_REDIS_DIR",
        address: ("redis://127.0.0.1:", ""),
        test_variable: "DAYLOOM_TEST_REDIS_URL",
        test_address: ("redis://127.0.0.1:", ""),
    },
    Server {
        name: "Kafka",
        script: "kafka.sh",
        port_variable: "LOCAL_KAFKA_PORT",
        port: 19_092,
        ports: 5,
        folder_variable: "LOCAL_KAFKA_DIR",
        address: ("127.0.0.1:", ""),
        test_variable: "DAYLOOM_TEST_KAFKA",
        test_address: ("127.0.0.1:", ""),
    },
];
/// Where the tests' servers look for ports, and over how many places runs beside each other are spread.
const PORTS_FIRST: u16 = 20_000;
const PORTS_SPREAD: u16 = 10_000;
/// Linux gives ports from here on to outgoing connections.
const EPHEMERAL_FIRST: u16 = 32_768;

type Variables = Vec<(String, String)>;

impl Server {
    fn path(&self) -> PathBuf {
        root().join("manifests/local").join(self.script)
    }

    fn address(&self, port: &str) -> String {
        let (before, after) = self.address;
        format!("{before}{port}{after}")
    }

    fn run(&self, shell: &Shell, command: &str, variables: &Variables) -> Result<()> {
        let script = self.path();
        cmd!(shell, "{script} {command}")
            .quiet()
            .envs(variables.iter().cloned())
            .run()?;
        Ok(())
    }
}

/// The ports a person asked for, or the usual ones.
fn usual() -> Variables {
    let port = |server: &Server| std::env::var(server.port_variable).unwrap_or_else(|_| server.port.to_string());
    let named = SERVERS
        .iter()
        .map(|server| (server.port_variable.to_owned(), port(server)));
    named.collect()
}

/// Empty servers for one run of the tests, on ports that nobody has; stopped when dropped.
pub(crate) struct ForTests<'a> {
    shell: &'a Shell,
    scripts: Variables,
    tests: Variables,
}

impl<'a> ForTests<'a> {
    /// Installs what is missing, and starts all.
    pub(crate) fn start(shell: &'a Shell) -> Result<Self> {
        let mut running = Self {
            shell,
            scripts: Vec::new(),
            tests: Vec::new(),
        };
        // Runs beside each other begin at different places.
        let mut taken = PORTS_FIRST + u16::try_from(std::process::id() % u32::from(PORTS_SPREAD))?;
        for server in &SERVERS {
            let port = free_ports(server.ports, &mut taken)?.to_string();
            let (before, after) = server.test_address;
            let address = format!("{before}{port}{after}");
            running.tests.push((server.test_variable.to_owned(), address));
            running.scripts.push((server.port_variable.to_owned(), port));
            let folder = folder_for_tests(server);
            let text = folder.to_str().context("the folder's name is text")?.to_owned();
            running.scripts.push((server.folder_variable.to_owned(), text));
            step(&format!("Starting {}", server.name));
            server.run(shell, "install", &running.scripts)?;
            // Whatever an earlier run left behind.
            server.run(shell, "stop", &running.scripts)?;
            match fs::remove_dir_all(folder.join("data")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).context("old data"),
                _ => {}
            }
            server.run(shell, "start", &running.scripts)?;
        }
        // What Kafka's own tests kill it with.
        let control = SERVERS[2].path().to_str().context("the path is text")?.to_owned();
        running.tests.push(("DAYLOOM_TEST_KAFKA_CTL".to_owned(), control));
        Ok(running)
    }

    /// What the tests find the servers by, and stop and start them with.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.scripts.iter().chain(&self.tests);
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Drop for ForTests<'_> {
    fn drop(&mut self) {
        for server in SERVERS.iter().rev() {
            if let Err(error) = server.run(self.shell, "stop", &self.scripts) {
                eprintln!("{} was not stopped: {error}", server.name);
            }
        }
    }
}

/// Kept between runs, for Kafka's jars. PostgreSQL's user can not enter a home directory, so it gets a folder of its own.
fn folder_for_tests(server: &Server) -> PathBuf {
    match server.name {
        "PostgreSQL" => std::env::temp_dir().join("dayloom-test-postgres"),
        _ => cache_dir().join(server.script.trim_end_matches(".sh")),
    }
}

/// The first of so many ports in a row that nobody listens on, other than those before. Below the ports that systems give to
/// outgoing connections, so that a server that is stopped for a while finds them free again.
fn free_ports(count: u16, taken: &mut u16) -> Result<u16> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    for first in *taken + 1..EPHEMERAL_FIRST - count {
        if (first..first + count).all(is_free) {
            *taken = first + count - 1;
            return Ok(first);
        }
    }
    bail!("no {count} ports in a row below {EPHEMERAL_FIRST} are free")
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
    let variables = usual();
    let mut addresses = Vec::new();
    for (server, (_, port)) in SERVERS.iter().zip(&variables) {
        step(&format!("Starting {}", server.name));
        server.run(shell, "install", &variables)?;
        server.run(shell, "start", &variables)?;
        addresses.push(server.address(port));
    }
    println!("\n{}", addresses.join("  "));
    Ok(())
}

/// Stops all, the last started first, even if one does not stop.
fn down(shell: &Shell) -> Result<()> {
    let variables = usual();
    each(SERVERS.iter().rev(), "Stopping", |server| {
        server.run(shell, "stop", &variables)
    })
}

/// Asks all; fails if one is not ready.
fn status(shell: &Shell) -> Result<()> {
    let variables = usual();
    each(SERVERS.iter(), "Asking", |server| {
        server.run(shell, "status", &variables)
    })
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
        let tested = tested.expect("nginx runs; on Debian: apt-get install nginx-light");
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    }
}
