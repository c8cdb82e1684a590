//! Streams: independent by name, seed and replication; whole numbers without bias.

use crate::fit::{chi_square_bound, chi_square_uniform, ks_bound, ks_statistic};
use capsim::engine::stream::{Stream, stream_number};
use statrs::distribution::{ContinuousCDF, Exp, Normal};
use std::collections::BTreeSet;

#[test]
fn seed_replication_and_name_each_make_another_stream() {
    let mut seen = BTreeSet::new();
    for seed in [0, 1, 2, u64::MAX] {
        for replication in [0, 1, 2, u64::MAX] {
            for name in ["", "a", "b", "ab", "ba", "stations.cpu", "stations.db"] {
                assert!(seen.insert(Stream::new(seed, replication, name).bits()));
            }
        }
    }
    assert_eq!(seen.len(), 4 * 4 * 7);
}

#[test]
fn names_that_differ_little_have_numbers_that_differ_much() {
    let numbers: Vec<u64> = (0..10_000)
        .map(|i| stream_number(&format!("endpoints.e{i}.visits.0.time")))
        .collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 10_000);
    let apart: u32 = numbers
        .windows(2)
        .map(|pair| (pair[0] ^ pair[1]).count_ones())
        .sum();
    // Half of 64 bits on average; the standard error of the mean is 4 / √9999 = 0.04.
    assert!((f64::from(apart) / 9999.0 - 32.0).abs() < 0.2);
}

#[test]
fn draws_at_one_component_move_none_at_another() {
    let mut a = Stream::new(7, 3, "a");
    let alone: Vec<u64> = (0..100).map(|_| a.bits()).collect();
    let (mut a, mut b) = (Stream::new(7, 3, "a"), Stream::new(7, 3, "b"));
    for expected in alone {
        b.exponential();
        b.normal();
        assert_eq!(a.bits(), expected);
    }
}

#[test]
fn streams_of_two_names_are_uncorrelated() {
    let (mut a, mut b) = (Stream::new(7, 3, "a"), Stream::new(7, 3, "b"));
    let n = 100_000;
    let sum: f64 = (0..n).map(|_| (a.unit() - 0.5) * (b.unit() - 0.5)).sum();
    // Each product has variance 1/144.
    let standard_error = (f64::from(n) / 144.0).sqrt();
    assert!((sum / standard_error).abs() < 3.5);
}

#[test]
fn unit_is_uniform() {
    let mut stream = Stream::new(1, 0, "unit");
    let mut values: Vec<f64> = (0..200_000).map(|_| stream.unit()).collect();
    assert!(ks_statistic(&mut values, |x| x) < ks_bound(values.len()));
}

#[test]
fn below_is_unbiased_for_a_small_number() {
    let mut stream = Stream::new(1, 0, "below 7");
    let mut counts = [0_u64; 7];
    for _ in 0..700_000 {
        counts[stream.below(7) as usize] += 1;
    }
    assert!(chi_square_uniform(&counts) < chi_square_bound(6));
}

#[test]
fn below_is_unbiased_where_the_product_alone_is_not() {
    // Of 2⁶⁴ inputs, 3·2⁶² outputs: without rejection every third output has two inputs, not one.
    let mut stream = Stream::new(1, 0, "below 3·2⁶²");
    let mut counts = [0_u64; 3];
    for _ in 0..300_000 {
        counts[(stream.below(3 << 62) % 3) as usize] += 1;
    }
    assert!(chi_square_uniform(&counts) < chi_square_bound(2));
}

#[test]
fn every_order_is_equally_likely() {
    let mut stream = Stream::new(1, 0, "shuffle");
    let mut counts = [0_u64; 24];
    for _ in 0..240_000 {
        let mut items = [0_usize, 1, 2, 3];
        stream.shuffle(&mut items);
        // The rank of the order in the factorial number system.
        let rank = (0..4).fold(0, |rank, i| {
            let smaller = items[i + 1..].iter().filter(|&&x| x < items[i]).count();
            rank * (4 - i) + smaller
        });
        counts[rank] += 1;
    }
    assert!(chi_square_uniform(&counts) < chi_square_bound(23));
}

#[test]
fn chance_has_its_probability() {
    let mut stream = Stream::new(1, 0, "chance");
    let hits = (0..100_000).filter(|_| stream.chance(0.03)).count();
    let standard_error = (100_000.0 * 0.03 * 0.97_f64).sqrt();
    assert!((hits as f64 - 3000.0).abs() < 3.5 * standard_error);
}

#[test]
fn exponential_follows_its_law_and_so_does_its_tail() {
    let law = Exp::new(1.0).expect("rate");
    let mut stream = Stream::new(1, 0, "exponential");
    let mut values: Vec<f64> = (0..3_000_000).map(|_| stream.exponential()).collect();
    assert!(ks_statistic(&mut values, |x| law.cdf(x)) < ks_bound(values.len()));
    // Beyond 7.7 the ziggurat has its own branch; the law there is the same again.
    let start = 7.697_117_470_131_05;
    let mut tail: Vec<f64> = values
        .iter()
        .map(|x| x - start)
        .filter(|x| *x > 0.0)
        .collect();
    let expected = 3_000_000.0 * law.sf(start);
    assert!((tail.len() as f64 - expected).abs() < 3.5 * expected.sqrt());
    assert!(ks_statistic(&mut tail, |x| law.cdf(x)) < ks_bound(tail.len()));
}

#[test]
fn normal_follows_its_law_and_so_do_both_tails() {
    let law = Normal::standard();
    let mut stream = Stream::new(1, 0, "normal");
    let mut values: Vec<f64> = (0..3_000_000).map(|_| stream.normal()).collect();
    assert!(ks_statistic(&mut values, |x| law.cdf(x)) < ks_bound(values.len()));
    let start = 3.654_152_885_361_009;
    for sign in [1.0, -1.0] {
        let beyond = values.iter().map(|x| sign * x).filter(|x| *x > start);
        let mut tail: Vec<f64> = beyond.collect();
        let expected = 3_000_000.0 * law.sf(start);
        assert!((tail.len() as f64 - expected).abs() < 3.5 * expected.sqrt());
        let given_tail = |x: f64| 1.0 - law.sf(x) / law.sf(start);
        assert!(ks_statistic(&mut tail, given_tail) < ks_bound(tail.len()));
    }
}
