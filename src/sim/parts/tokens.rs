//! Tokens: who owns which, in the order of issue.

use crate::stats::reserve;

/// All tokens issued in a run. Owners are user numbers.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    owner: Vec<u32>,
    /// Latest token of each user plus one; 0 for none. Grows with the largest user seen.
    of_user: Vec<u32>,
}

impl Tokens {
    /// Issues a token to a user (`u32::MAX`: to nobody in particular) and returns its number.
    #[inline]
    pub fn issue(&mut self, user: u32) -> u32 {
        let token = self.owner.len() as u32;
        reserve::push(&mut self.owner, user);
        if user == u32::MAX {
            return token;
        }
        let at = user as usize;
        if self.of_user.len() <= at {
            self.of_user.resize(at + 1, 0);
        }
        self.of_user[at] = token + 1;
        token
    }

    /// The owner of a token.
    #[must_use]
    pub fn owner(&self, token: u32) -> Option<u32> {
        self.owner.get(token as usize).copied()
    }

    /// Whether a user was issued a token.
    #[must_use]
    pub fn has_token(&self, user: u32) -> bool {
        self.of_user.get(user as usize).is_some_and(|t| *t != 0)
    }

    /// How many were issued.
    #[must_use]
    pub fn issued(&self) -> u32 {
        self.owner.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_know_their_owner() {
        let mut tokens = Tokens::default();
        assert!(!tokens.has_token(7));
        assert_eq!(tokens.issue(7), 0);
        assert_eq!(tokens.issue(3), 1);
        assert_eq!(tokens.issue(7), 2);
        assert_eq!((tokens.owner(2), tokens.owner(3)), (Some(7), None));
        assert!(tokens.has_token(7) && tokens.has_token(3) && !tokens.has_token(0));
        assert_eq!(tokens.issued(), 3);
    }
}
