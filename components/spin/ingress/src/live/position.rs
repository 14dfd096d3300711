use std::{fmt, str::FromStr};

/// A place in a log of live messages; on the wire as our own gateways write it, so that a client can go on anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Another one for each log, so that a place in a lost one is never mistaken for a place in this one.
    pub(super) epoch: u64,
    /// Of the message last seen.
    pub(super) number: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.epoch, self.number)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, number) = text.split_once('-').ok_or(())?;
        Ok(Self {
            epoch: u64::from_str_radix(epoch, 16).map_err(|_| ())?,
            number: number.parse().map_err(|_| ())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn a_position_reads_back_and_nothing_else_does() {
        let position = Position { epoch: 0xab, number: 7 };
        assert_eq!(position.to_string(), "00000000000000ab-7");
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in [
            "",
            "-",
            "7",
            "ab-",
            "-7",
            "xy-7",
            "ab--7",
            "ab-18446744073709551616",
            "\u{20ac}-1",
        ] {
            assert_eq!(text.parse::<Position>(), Err(()), "{text}");
        }
    }
}
