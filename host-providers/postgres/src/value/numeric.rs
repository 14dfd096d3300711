use dayloom_ports::Value;

/// Decimal digits of one group of a `numeric`.
const GROUP_BASE: i128 = 10_000;
const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0x0000;

/// A `numeric`, which is what PostgreSQL makes of `sum` and `avg` of integers: an integer if it has no decimal places, else
/// a real. None if it is not a number, or an integer that 64 bits do not hold.
///
/// On the wire: number of groups, weight of the first, sign, decimal places, groups; 16 bits each.
pub(super) fn decode(raw: &[u8]) -> Option<Value> {
    let mut words = raw.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (count, weight, sign, places) = (words.next()?, words.next()?.cast_signed(), words.next()?, words.next()?);
    let negative = match sign {
        POSITIVE => false,
        NEGATIVE => true,
        _ => return None,
    };
    let groups: Vec<u16> = words.take(count.into()).collect();
    if places == 0 {
        let mut whole = 0_i128;
        for place in 0..=weight.max(-1) {
            let group = groups.get(usize::try_from(place).ok()?).copied().unwrap_or(0);
            whole = whole.checked_mul(GROUP_BASE)?.checked_add(group.into())?;
        }
        let whole = if negative { -whole } else { whole };
        return i64::try_from(whole).ok().map(Value::Integer);
    }
    // Written out and parsed, because that rounds once and correctly.
    let mut text = String::from(if negative { "-0." } else { "0." });
    groups.iter().for_each(|group| text.push_str(&format!("{group:04}")));
    text.push_str(&format!("0e{}", (i32::from(weight) + 1) * 4));
    text.parse().ok().filter(|real: &f64| real.is_finite()).map(Value::Real)
}

#[cfg(test)]
mod tests {
    use dayloom_ports::Value;

    use super::decode;

    fn wire(weight: i16, sign: u16, places: u16, groups: &[u16]) -> Vec<u8> {
        let count = u16::try_from(groups.len()).expect("few groups");
        let head = [count, weight.cast_unsigned(), sign, places];
        head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_are_what_they_say() {
        for (raw, value) in [
            (wire(0, 0, 0, &[]), Some(Value::Integer(0))),
            (wire(1, 0, 0, &[12]), Some(Value::Integer(120_000))),
            (
                wire(4, 0, 0, &[922, 3372, 368, 5477, 5807]),
                Some(Value::Integer(i64::MAX)),
            ),
            (
                wire(4, 0x4000, 0, &[922, 3372, 368, 5477, 5808]),
                Some(Value::Integer(i64::MIN)),
            ),
            (wire(4, 0, 0, &[922, 3372, 368, 5477, 5808]), None),
            (wire(0, 0, 1, &[1, 5000]), Some(Value::Real(1.5))),
            (wire(-1, 0x4000, 4, &[25]), Some(Value::Real(-0.0025))),
            (wire(-2, 0, 8, &[1]), Some(Value::Real(1e-8))),
            (wire(0, 0, 16, &[2]), Some(Value::Real(2.0))),
            (wire(0, 0xC000, 0, &[]), None),
            (vec![0, 1], None),
        ] {
            assert_eq!(decode(&raw), value, "{raw:?}");
        }
    }
}
