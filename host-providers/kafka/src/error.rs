use rdkafka::error::KafkaError;

/// Why there are no events to publish or to consume. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration contradicts itself.
    #[error("kafka configuration: {0}")]
    Config(String),
    /// No broker answered in time.
    #[error(
        "kafka at {brokers} did not answer within {waited_ms} ms ({reason}); is it running, and are address, TLS and SASL right?"
    )]
    Unreachable {
        /// The addresses tried.
        brokers: String,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
        /// What the client saw last.
        reason: String,
    },
    /// A topic is not there and may not be made.
    #[error(
        "kafka has no topic `{topic}`; create it with at least {partitions} partitions, or set `create_topics = true`"
    )]
    MissingTopic {
        /// Its full name.
        topic: String,
        /// How many partitions are wanted.
        partitions: u16,
    },
    /// A topic is narrower than configured. Partitions are never added by themselves: that would move keys, and with
    /// them break their order.
    #[error(
        "kafka's topic `{topic}` has {found} partitions and the configuration wants {wanted}; lower the number under `partitions`, or widen the topic while nothing is in flight"
    )]
    TooFewPartitions {
        /// Its full name.
        topic: String,
        /// Partitions it has.
        found: usize,
        /// Partitions the configuration wants.
        wanted: u16,
    },
    /// A topic is there, but no broker takes its records.
    #[error("kafka's topic `{topic}` had a partition without a leader for {waited_ms} ms; are all brokers up?")]
    NoLeader {
        /// Its full name.
        topic: String,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },
    /// The broker did not make a topic.
    #[error("kafka did not create the topic `{topic}`: {reason}")]
    CreateTopic {
        /// Its full name.
        topic: String,
        /// What the broker said.
        reason: String,
    },
    /// The client library refused its settings, such as a certificate that can not be read.
    #[error("kafka client: {0}")]
    Client(#[from] KafkaError),
}

/// Why consuming ended though nobody asked.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// The subscriptions contradict each other.
    #[error("kafka subscriptions: {0}")]
    Subscriptions(String),
    /// The client library refused its settings.
    #[error("kafka client: {0}")]
    Client(#[from] KafkaError),
    /// The system gave no thread.
    #[error("kafka consumer: {0}")]
    Thread(#[from] std::io::Error),
}
