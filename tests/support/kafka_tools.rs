use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::{eventually, kafka_listener::kafka_folder};

/// Kafka's own programs, which are no part of us, for the topics and groups that begin with a prefix.
#[derive(Debug, Clone)]
pub struct KafkaTools {
    bootstrap: String,
    prefix: String,
}

/// A record as Kafka's console consumer tells it.
#[derive(Debug, Clone)]
pub struct TopicRecord {
    /// Its partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// Its key; `null` if there is none.
    pub key: String,
    /// Its body.
    pub value: String,
}

/// How far the groups are, over all their topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Records in the partitions that the groups follow, each group counted.
    pub records: i64,
    /// Of them, those that are not known to be worked off.
    pub owed: i64,
}

/// What separates the parts of a printed record: in no key and in no JSON text.
const SEPARATOR: &str = "\u{1f}";
/// Milliseconds of silence after which a topic is at its end: far more than a broker on this machine takes to answer.
const SILENCE_MS: &str = "3000";

impl KafkaTools {
    pub(crate) fn new(bootstrap: String, prefix: String) -> Self {
        Self { bootstrap, prefix }
    }

    /// Everything in a topic, the records of each partition in their order.
    pub async fn read(&self, topic: &str) -> Vec<TopicRecord> {
        let mut command = self.program("org.apache.kafka.tools.consumer.ConsoleConsumer");
        command
            .args(["--from-beginning", "--timeout-ms", SILENCE_MS])
            .args(["--topic", &format!("{}{topic}", self.prefix)]);
        let separator = format!("key.separator={SEPARATOR}");
        for property in [
            "print.partition=true",
            "print.offset=true",
            "print.key=true",
            &separator,
        ] {
            command.args(["--formatter-property", property]);
        }
        let Told { output, errors } = run(command, "").await;
        let records: Vec<_> = output.lines().map(TopicRecord::of).collect();
        // Its own count: what it could not read must not pass for a topic's end.
        let total = format!("Processed a total of {} messages", records.len());
        assert!(errors.contains(&total), "{topic}: {} lines, {errors}", records.len());
        records
    }

    /// Writes records, each a key and a body in one line.
    pub async fn write(&self, topic: &str, records: &[(&str, &str)]) {
        let mut command = self.program("org.apache.kafka.tools.ConsoleProducer");
        let separator = format!("key.separator={SEPARATOR}");
        command.args(["--topic", &format!("{}{topic}", self.prefix)]).args([
            "--reader-property",
            "parse.key=true",
            "--reader-property",
            &separator,
        ]);
        let lines: String = records
            .iter()
            .map(|(key, value)| format!("{key}{SEPARATOR}{value}\n"))
            .collect();
        run(command, &lines).await;
    }

    /// How far the groups are.
    pub async fn backlog(&self) -> Backlog {
        self.backlog_where(|group| group.starts_with(&self.prefix)).await
    }

    /// How far these groups are.
    pub async fn backlog_of(&self, groups: &[&str]) -> Backlog {
        self.backlog_where(|group| groups.contains(&group)).await
    }

    async fn backlog_where(&self, is_meant: impl Fn(&str) -> bool) -> Backlog {
        let mut command = self.program("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand");
        command.args(["--describe", "--all-groups"]);
        let mut backlog = Backlog { records: 0, owed: 0 };
        for line in run(command, "").await.output.lines() {
            // Group, topic, partition, where the group is, the end, and the difference; `-` for what is not known.
            let columns: Vec<&str> = line.split_whitespace().collect();
            if !columns.first().is_some_and(|group| is_meant(group)) {
                continue;
            }
            let number = |column: usize| columns.get(column).and_then(|text| text.parse::<i64>().ok());
            let end = number(4).unwrap_or_default();
            backlog.records += end;
            backlog.owed += end - number(3).unwrap_or_default();
        }
        backlog
    }

    /// Makes these topics, empty: what was in them before is gone.
    pub async fn make_empty(&self, topics: &[&str], partitions: u16) {
        self.delete(topics).await;
        for topic in topics {
            let name = format!("{}{topic}", self.prefix);
            let made = || async {
                let mut command = self.program("org.apache.kafka.tools.TopicCommand");
                command
                    .args(["--create", "--topic", &name])
                    .args(["--partitions", &partitions.to_string()]);
                // A topic that is just being deleted is still there for a moment.
                command
                    .output()
                    .await
                    .is_ok_and(|output| output.status.success())
                    .then_some(())
            };
            eventually("a new topic", made).await;
        }
    }

    /// Deletes these topics, if they are there.
    pub async fn delete(&self, topics: &[&str]) {
        let names: Vec<String> = topics
            .iter()
            .map(|topic| format!("{}{topic}", self.prefix).replace('.', "\\."))
            .collect();
        let mut command = self.program("org.apache.kafka.tools.TopicCommand");
        command.args(["--delete", "--if-exists", "--topic", &names.join("|")]);
        run(command, "").await;
    }

    /// Deletes the topics. Groups without members go by themselves.
    pub(crate) async fn remove(&self) {
        let mut command = self.program("org.apache.kafka.tools.TopicCommand");
        let topics = format!("{}.*", self.prefix.replace('.', "\\."));
        command.args(["--delete", "--if-exists", "--topic", &topics]);
        run(command, "").await;
    }

    fn program(&self, class: &str) -> Command {
        let mut command = Command::new("java");
        command
            // A program of a second: not worth a second compiler, nor half the machine's memory.
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"])
            // Their log goes where their output goes.
            .args(["-Dlog4j2.level=OFF", "-cp"])
            .arg(kafka_folder().join("libs/*"))
            .args([class, "--bootstrap-server", &self.bootstrap]);
        command
    }
}

impl TopicRecord {
    fn of(line: &str) -> Self {
        let parts: Vec<&str> = line.split(SEPARATOR).collect();
        let [partition, offset, key, value] = parts[..] else {
            panic!("no record: {line}");
        };
        let number = |text: &str, label: &str| {
            let number = text.strip_prefix(label).and_then(|text| text.parse::<i64>().ok());
            number.unwrap_or_else(|| panic!("no {label}: {line}"))
        };
        Self {
            partition: i32::try_from(number(partition, "Partition:")).expect("a partition is small"),
            offset: number(offset, "Offset:"),
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }
}

/// What a program that succeeded said.
struct Told {
    output: String,
    errors: String,
}

async fn run(mut command: Command, input: &str) -> Told {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("java runs");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(input.as_bytes()).await.expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().await.expect("its output can be read");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {errors}");
    let output = String::from_utf8(output.stdout).expect("output is UTF-8");
    Told { output, errors }
}
