//! Which partition a record goes to: the same as with daprd's Kafka client, so that a key stays in
//! its order when the bus is changed.

const FNV_OFFSET_BASIS: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// The partition of a key, by its FNV-1a hash; a random one where there is no key. `partitions` is
/// at least 1.
pub(crate) fn partition_of(key: Option<&str>, partitions: i32) -> i32 {
    let Some(key) = key else { return rand::random_range(0..partitions) };
    // The client takes the remainder of a signed number, then its magnitude.
    (fnv_1a(key.as_bytes()).cast_signed() % partitions).abs()
}

fn fnv_1a(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(FNV_OFFSET_BASIS, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // From the hash's published test vectors.
        assert_eq!(fnv_1a(b""), 0x811c_9dc5);
        assert_eq!(fnv_1a(b"a"), 0xe40c_292c);
        assert_eq!(fnv_1a(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn a_hash_above_the_signed_range_still_gives_a_partition() {
        // 0xe40c292c is -468965076 as a signed number.
        assert_eq!(partition_of(Some("a"), 7), 468_965_076 % 7);
        for _ in 0..100 {
            assert!((0..3).contains(&partition_of(None, 3)));
        }
    }
}
