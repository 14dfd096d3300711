/// Which of `parts` a key belongs to: 64-bit FNV-1a and MurmurHash's final mixing step, written out because the result has to
/// be the same in every version and on every machine. FNV alone spreads keys that differ in their last character poorly.
pub fn part_of(key: &str, parts: u8) -> u8 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    u8::try_from((mixed >> 33) % u64::from(parts)).unwrap_or(0)
}
