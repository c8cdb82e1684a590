//! Messages that are lost and sent again, as TCP does.
//!
//! A message that is not acknowledged is sent again after the retransmission timeout, which doubles each time (RFC 6298,
//! "Computing TCP's Retransmission Timer", 2011, section 5, rules 5.4 to 5.6) up to a greatest value. Linux has a least
//! timeout of 200 ms and a greatest of 120 s (`TCP_RTO_MIN` and `TCP_RTO_MAX`), and gives a connection up after 15 timeouts
//! of a message (`tcp_retries2`), where this lets it through.
//!
//! A message may have several segments, which are lost each by itself ([`segments`]).
//!
//! With loss p and first timeout r, the number of losses is geometric with mean p / (1 - p), and as long as no timeout
//! reaches the greatest the delay after k of them is r (2^k - 1), with mean r p / (1 - 2 p) for p below 1/2.

use crate::engine::Span;
use crate::engine::stream::Stream;

/// The longest timeout.
const LONGEST: Span = Span::secs(120);
/// How often a message is sent again at most.
const MOST: u32 = 15;

/// How often a message is lost until it gets through.
pub fn losses(stream: &mut Stream, loss: f64) -> u32 {
    let mut lost = 0;
    while lost < MOST && loss > 0.0 && stream.chance(loss) {
        lost += 1;
    }
    lost
}

/// How much later a message comes that was lost so often.
#[must_use]
pub fn delay(first: Span, losses: u32) -> Span {
    let timeout = |n: u32| first.0.saturating_mul(1_u64 << n).min(LONGEST.max(first).0);
    let all = (0..losses.min(MOST)).map(timeout);
    Span(all.fold(0, u64::saturating_add))
}

/// How many segments have to come after one that is lost for its sender to notice before the timeout: three duplicate
/// acknowledgements (RFC 5681, "TCP Congestion Control", 2009, section 3.2).
const NOTICED_BY: u64 = 3;

/// What becomes of a message of some segments, which are lost each by itself: how often one of them is lost, and how much
/// later the last of them comes. One that enough others follow is sent again after a round trip (fast retransmit), and if
/// that is lost, too, after the timeouts; one of the last three after the timeouts.
///
/// With loss p and n segments, all come in time with probability (1 - p)^n, and none is later than the round trip with
/// (1 - p²)^(n - 3) (1 - p)³ for n above 3, as long as the round trip is below the timeout.
pub fn segments(
    stream: &mut Stream,
    loss: f64,
    segments: u64,
    (first, round_trip): (Span, Span),
) -> (u64, Span) {
    let (mut lost, mut latest, mut at) = (0, Span::ZERO, 0_u64);
    loop {
        at = at.saturating_add(stream.failures_before(loss));
        if at >= segments {
            return (lost, latest);
        }
        let again = losses(stream, loss).min(MOST - 1);
        lost += 1 + u64::from(again);
        let late = if segments - 1 - at >= NOTICED_BY {
            round_trip + delay(first, again)
        } else {
            delay(first, 1 + again)
        };
        latest = latest.max(late);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segments_wait_for_the_timeout_and_others_for_a_round_trip() {
        let mut stream = Stream::new(7, 0, "loss");
        let times = (Span::millis(200), Span::millis(10));
        assert_eq!(segments(&mut stream, 0.0, 1 << 40, times), (0, Span::ZERO));
        // All of the fifteen attempts of each are lost.
        let (lost, late) = segments(&mut stream, 1.0, 4, times);
        assert_eq!((lost, late), (60, delay(Span::millis(200), 15)));
        let (p, n, runs) = (0.02_f64, 14, 100_000);
        let late: Vec<u64> = (0..runs)
            .map(|_| segments(&mut stream, p, n, times).1.0 / 1_000_000)
            .collect();
        let share =
            |most: u64| late.iter().filter(|ms| **ms <= most).count() as f64 / f64::from(runs);
        // No later than 0, a round trip, a timeout, both, and two timeouts: k losses at most have 1 - p^(k + 1) of the segments.
        let power = |x: f64, n: u64| (0..n).map(|_| x).product::<f64>();
        let within = |k: u64| 1.0 - power(p, k + 1);
        let of = |body: u64, tail: u64| power(within(body), n - 3) * power(within(tail), 3);
        for (most, exact) in [
            (0, of(0, 0)),
            (10, of(1, 0)),
            (200, of(1, 1)),
            (210, of(2, 1)),
            (600, of(2, 2)),
        ] {
            let deviation = (exact * (1.0 - exact) / f64::from(runs)).sqrt();
            let found = share(most);
            assert!(
                (found - exact).abs() < 4.0 * deviation,
                "{most} ms: {found}, {exact}"
            );
        }
    }

    #[test]
    fn timeouts_double_up_to_two_minutes() {
        let ms = |n| delay(Span::millis(200), n).0 / 1_000_000;
        assert_eq!([0, 1, 2, 3, 4].map(ms), [0, 200, 600, 1400, 3000]);
        // Ten timeouts of 0.2 to 102.4 s, then 120 s each; as Linux, which gives up after 924.6 s: at the sixteenth.
        assert_eq!(ms(10), 204_600);
        assert_eq!([ms(15), ms(15) + 120_000], [804_600, 924_600]);
        assert_eq!(ms(99), ms(15));
    }

    #[test]
    fn losses_are_geometric() {
        let mut stream = Stream::new(7, 0, "loss");
        let n = 100_000;
        let mut counts = [0_u32; 16];
        for _ in 0..n {
            counts[losses(&mut stream, 0.3) as usize] += 1;
        }
        // P(k) = 0.7 × 0.3^k, each within four standard deviations.
        for (k, probability) in [0.7, 0.21, 0.063, 0.0189].into_iter().enumerate() {
            let expected = probability * f64::from(n);
            let deviation = (expected * (1.0 - probability)).sqrt();
            let off = (f64::from(counts[k]) - expected).abs();
            assert!(off < 4.0 * deviation, "{k}: {} of {expected}", counts[k]);
        }
        assert_eq!(losses(&mut stream, 0.0), 0);
        assert_eq!(losses(&mut stream, 1.0), 15);
    }
}
