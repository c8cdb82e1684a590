//! Who waits for the admission of a token. Several may hold one token; all who wait for it are notified, in order of
//! arrival.

use super::waiting_room::Token;

/// No listener.
const NOBODY: u32 = u32::MAX;

/// Those who wait, by token: a ring for each, of which the last is known. Nobody listens to two tokens at once.
#[derive(Clone, Debug, Default)]
pub struct Listeners {
    /// The last who came, by token; grows as needed.
    last: Vec<u32>,
    /// Who came next after each listener; behind the last, the first.
    next: Vec<u32>,
}

impl Listeners {
    /// Somebody waits to be told of a token.
    pub fn join(&mut self, token: Token, who: u32) {
        let (token, at) = (token as usize, who as usize);
        if self.last.len() <= token {
            self.last.resize(token + 1, NOBODY);
        }
        if self.next.len() <= at {
            self.next.resize(at + 1, NOBODY);
        }
        match std::mem::replace(&mut self.last[token], who) {
            NOBODY => self.next[at] = who,
            before => self.next[at] = std::mem::replace(&mut self.next[before as usize], who),
        }
    }

    /// The first of those who wait is told.
    pub fn take_first(&mut self, token: Token) -> Option<u32> {
        let last = self.last.get_mut(token as usize)?;
        if *last == NOBODY {
            return None;
        }
        let first = self.next[*last as usize];
        if first == *last {
            *last = NOBODY;
        } else {
            self.next[*last as usize] = self.next[first as usize];
        }
        Some(first)
    }

    /// Somebody waits no more. Returns whether nobody does now.
    pub fn leave(&mut self, token: Token, who: u32) -> bool {
        let Some(last) = self.last.get_mut(token as usize) else {
            return true;
        };
        if *last == NOBODY {
            return true;
        }
        let mut before = *last;
        while self.next[before as usize] != who {
            before = self.next[before as usize];
            if before == *last {
                return false;
            }
        }
        if before == who {
            *last = NOBODY;
            return true;
        }
        self.next[before as usize] = self.next[who as usize];
        if *last == who {
            *last = before;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_told_in_the_order_in_which_they_came() {
        let mut listeners = Listeners::default();
        assert_eq!(listeners.take_first(3), None);
        for (token, who) in [(3, 7), (1, 2), (3, 4), (3, 0), (3, 9)] {
            listeners.join(token, who);
        }
        assert!(!listeners.leave(3, 4));
        assert!(!listeners.leave(3, 9));
        assert!(!listeners.leave(3, 5), "who does not wait changes nothing");
        listeners.join(3, 4);
        let told: Vec<u32> = std::iter::from_fn(|| listeners.take_first(3)).collect();
        assert_eq!(told, [7, 0, 4]);
        assert!(listeners.leave(1, 2));
        assert_eq!(listeners.take_first(1), None);
        assert!(listeners.leave(1, 2));
    }
}
