//! Messages that are lost and sent again, as TCP does.
//!
//! A message that is not acknowledged is sent again after the retransmission timeout, which doubles each time (RFC 6298,
//! "Computing TCP's Retransmission Timer", 2011, section 5, rules 5.4 to 5.6) up to a greatest value. Linux has a least
//! timeout of 200 ms and a greatest of 120 s (`TCP_RTO_MIN` and `TCP_RTO_MAX`), and gives a connection up after 15 timeouts
//! of a message (`tcp_retries2`), where this lets it through.
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

#[cfg(test)]
mod tests {
    use super::*;

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
