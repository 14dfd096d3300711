use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use dayloom_ports::{Message, live::Position};
use tokio::{
    sync::watch,
    time::{Duration, Instant},
};

use crate::{config::GatewayConfig, gateway::TooMany, history::History, message::Recent};

/// Histories kept for users who have left. The bound on messages does not cover those that are empty.
const ABSENT_USERS_MAX: usize = 10_000;

/// Who is connected, who was until just now, and what each of them was sent.
///
/// Time is an argument, so whatever is too old is forgotten when the next call comes by.
#[derive(Debug)]
pub(crate) struct Registry {
    limits: Limits,
    users: HashMap<Arc<str>, User>,
    /// All messages in the order they were sent.
    sent: BTreeMap<u64, Arc<str>>,
    /// Users without a connection in the order they left.
    absent: BTreeMap<u64, (Instant, Arc<str>)>,
    weight: usize,
    /// Numbers the entries of `sent` and `absent`.
    order: u64,
    /// The place since which everybody's messages are here, if they come from a log that several gateways read.
    log_floor: Option<Position>,
    /// Grows whenever messages may have been missed, so that all must load their state again.
    generation: u64,
}

#[derive(Debug)]
struct Limits {
    connections_per_user: usize,
    messages: usize,
    bytes: usize,
    bytes_total: usize,
    kept: Duration,
}

#[derive(Debug)]
struct User {
    history: History,
    presence: Presence,
    wake: watch::Sender<()>,
}

#[derive(Debug)]
enum Presence {
    Connected(usize),
    /// Its entry in `Registry::absent`.
    Absent(u64),
}

impl Registry {
    pub(crate) fn new(config: &GatewayConfig) -> Self {
        Self {
            limits: Limits {
                connections_per_user: config.connections_per_user_max,
                messages: config.history_messages_max,
                bytes: config.history_bytes_max,
                bytes_total: config.history_total_bytes_max,
                kept: config.history_kept,
            },
            users: HashMap::new(),
            sent: BTreeMap::new(),
            absent: BTreeMap::new(),
            weight: 0,
            order: 0,
            log_floor: None,
            generation: 0,
        }
    }

    /// A registry whose messages come from a log that several gateways read. Until it [begins](Self::begin) nothing can
    /// be resumed.
    pub(crate) fn of_log(config: &GatewayConfig) -> Self {
        let unknown = Position {
            epoch: fastrand::u64(..),
            number: 0,
        };
        Self {
            log_floor: Some(unknown),
            ..Self::new(config)
        }
    }

    /// Adds a connection of the user. It is at the user's latest position, and is woken by every later message.
    pub(crate) fn join(
        &mut self,
        user_id: &Arc<str>,
        now: Instant,
    ) -> Result<(Position, watch::Receiver<()>), TooMany> {
        self.forget_absent(now);
        let log_floor = self.log_floor;
        let user = self.users.entry(Arc::clone(user_id)).or_insert_with(|| User {
            history: log_floor.map_or_else(History::new, History::of_log),
            presence: Presence::Connected(0),
            wake: watch::Sender::new(()),
        });
        match &mut user.presence {
            Presence::Connected(count) if *count >= self.limits.connections_per_user => return Err(TooMany),
            Presence::Connected(count) => *count += 1,
            Presence::Absent(order) => {
                self.absent.remove(order);
                user.presence = Presence::Connected(1);
            }
        }
        Ok((user.history.latest(), user.wake.subscribe()))
    }

    /// Takes a connection of the user away. The history stays for a while.
    pub(crate) fn leave(&mut self, user_id: &Arc<str>, now: Instant) {
        if let Some(user) = self.users.get_mut(user_id)
            && let Presence::Connected(count) = &mut user.presence
        {
            *count -= 1;
            if *count == 0 {
                self.order += 1;
                user.presence = Presence::Absent(self.order);
                self.absent.insert(self.order, (now, Arc::clone(user_id)));
            }
        }
        self.forget_absent(now);
    }

    /// Puts a message into its user's history and wakes the user's connections. False if nobody can want it, or it is
    /// there already.
    pub(crate) fn send(&mut self, message: Message, now: Instant) -> bool {
        self.forget_absent(now);
        let Some((user_id, _)) = self.users.get_key_value(message.user_id.as_str()) else {
            return false;
        };
        let user_id = Arc::clone(user_id);
        let Some(user) = self.users.get_mut(&user_id) else {
            return false;
        };
        if user.history.has_event(&message.event_id) {
            return false;
        }
        self.order += 1;
        self.weight += user.history.push(self.order, message.event_id, &message.body);
        self.sent.insert(self.order, Arc::clone(&user_id));
        self.settle(&user_id);
        true
    }

    /// Everything after `start` of the log will be received, and what came before it is not known: everybody loads their
    /// state again.
    pub(crate) fn begin(&mut self, start: Position) {
        self.generation += 1;
        self.log_floor = Some(start);
        self.sent.clear();
        self.absent.clear();
        self.weight = 0;
        self.users
            .retain(|_, user| matches!(user.presence, Presence::Connected(_)));
        for user in self.users.values_mut() {
            user.history = History::of_log(start);
            user.wake.send_replace(());
        }
    }

    /// Takes the log's message with this number, greater than any before. It is kept for users who are not connected too:
    /// they may come here from another gateway. True if it is new and its user is connected.
    pub(crate) fn receive(&mut self, number: u64, message: Message, now: Instant) -> bool {
        self.forget_absent(now);
        let Some(log_floor) = self.log_floor else { return false };
        let user_id: Arc<str> = match self.users.get_key_value(message.user_id.as_str()) {
            Some((user_id, _)) => Arc::clone(user_id),
            None => message.user_id.into(),
        };
        let user = self.users.entry(Arc::clone(&user_id)).or_insert_with(|| User {
            history: History::of_log(log_floor),
            presence: Presence::Absent(0),
            wake: watch::Sender::new(()),
        });
        if user.history.has_event(&message.event_id) {
            return false;
        }
        self.order += 1;
        let order = self.order;
        // Who is absent is forgotten in the order of the messages, so that nobody's later one is forgotten first.
        let is_connected = match &mut user.presence {
            Presence::Connected(_) => true,
            Presence::Absent(place) => {
                self.absent.remove(place);
                *place = order;
                self.absent.insert(order, (now, Arc::clone(&user_id)));
                false
            }
        };
        self.weight += user.history.push_as(number, order, message.event_id, &message.body);
        self.sent.insert(order, Arc::clone(&user_id));
        self.settle(&user_id);
        is_connected
    }

    /// Which sequence of messages this is. One of another generation does not continue it.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The user's newest message, or where the history begins.
    pub(crate) fn latest(&self, user_id: &str) -> Option<Position> {
        Some(self.users.get(user_id)?.history.latest())
    }

    /// After a new message of the user: keeps the limits and wakes the connections.
    fn settle(&mut self, user_id: &str) {
        let Some(user) = self.users.get_mut(user_id) else {
            return;
        };
        while user.history.len() > self.limits.messages || user.history.weight() > self.limits.bytes {
            let Some(oldest) = user.history.pop_oldest() else { break };
            self.weight -= oldest.weight();
            self.sent.remove(&oldest.order());
        }
        user.wake.send_replace(());
        self.make_room();
    }

    /// The user's next messages after `number`, empty if there is none, nothing if some are gone.
    pub(crate) fn after(&self, user_id: &str, number: u64) -> Option<Vec<Arc<Recent>>> {
        self.users.get(user_id)?.history.after(number)
    }

    /// Whether every message after `position` is still here.
    pub(crate) fn reaches_back_to(&self, user_id: &str, position: Position) -> bool {
        self.users
            .get(user_id)
            .is_some_and(|user| user.history.reaches_back_to(position))
    }

    /// Removes the oldest messages of all until the rest is within the limit.
    fn make_room(&mut self) {
        while self.weight > self.limits.bytes_total {
            let Some((_, user_id)) = self.sent.pop_first() else {
                break;
            };
            // A user's messages stand in `sent` in the order of its history, so the oldest there is the oldest here.
            let oldest = self.users.get_mut(&user_id).and_then(|user| user.history.pop_oldest());
            self.weight -= oldest.map_or(0, |message| message.weight());
        }
    }

    fn forget_absent(&mut self, now: Instant) {
        while let Some((_, (left, _))) = self.absent.first_key_value() {
            if now.duration_since(*left) < self.limits.kept && self.absent.len() <= ABSENT_USERS_MAX {
                break;
            }
            let Some((_, (_, user_id))) = self.absent.pop_first() else {
                break;
            };
            if let Some(mut user) = self.users.remove(&user_id) {
                // Whoever comes back starts anew, so nobody new may resume from before this one's last message.
                if let Some(floor) = &mut self.log_floor {
                    floor.number = floor.number.max(user.history.latest().number);
                }
                while let Some(message) = user.history.pop_oldest() {
                    self.weight -= message.weight();
                    self.sent.remove(&message.order());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
