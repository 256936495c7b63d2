use std::{fmt, str::FromStr, time::Duration};

use super::{clock::Moment, tokens::RefreshToken};

/// What becomes of a refresh token when it is used, and when it is used again (RFC 9700 §4.14.2).
/// Its text form, for the command line and for `/control/policy`, is in each variant's last words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Pleo's, and that of RFC 9700: a token is good once, and one that comes back ends its whole
    /// grant. `strict`
    #[default]
    Strict,
    /// As `Strict`, but a token that comes back ends all grants of its user and client, newer
    /// ones too. `strict-per-user`
    StrictPerUser,
    /// A token is good once, and one that comes back is refused: nothing else. `single-use`
    SingleUse,
    /// For this long after its first use, a token gets the same successor each time; after that,
    /// as `Strict`. `grace-same:MS`
    GraceSame(Duration),
    /// For this long after its first use, a token gets a new successor each time, and all of them
    /// are good; after that, as `Strict`. `grace-sibling:MS`
    GraceSibling(Duration),
    /// A token is good until its successor is used. Using it again gives a new successor, and the
    /// earlier one is dead. What is dead is refused: nothing else. `newest-wins`
    NewestWins,
    /// No rotation: each refresh gives the same refresh token. `none`
    NoRotation,
}

/// What a refresh token that came is worth.
pub(super) enum Verdict {
    Honour(Rotation),
    Refuse,
    EndGrant,
    EndUser,
}

/// How a refresh token that is honoured is followed.
#[derive(Clone, Copy)]
pub(super) enum Rotation {
    /// By a new one; what else the grant has in access tokens may die.
    New,
    /// By a new one that takes the place of its earlier successor.
    Instead,
    /// By one more beside its earlier successor.
    Beside,
    /// By the successor it already has.
    Same,
    /// By itself.
    Keep,
}

impl Policy {
    pub(super) fn verdict(self, token: &RefreshToken, now: Moment) -> Verdict {
        if token.used.is_none() && !token.closed {
            return Verdict::Honour(match self {
                Self::NoRotation => Rotation::Keep,
                _ => Rotation::New,
            });
        }
        let within = |window| token.used.is_some_and(|used: Moment| now < used.plus(window));
        match self {
            Self::GraceSame(window) if within(window) => Verdict::Honour(Rotation::Same),
            Self::GraceSibling(window) if within(window) => Verdict::Honour(Rotation::Beside),
            Self::Strict | Self::GraceSame(_) | Self::GraceSibling(_) => Verdict::EndGrant,
            Self::StrictPerUser => Verdict::EndUser,
            Self::NewestWins if !token.closed => Verdict::Honour(Rotation::Instead),
            Self::NewestWins | Self::SingleUse | Self::NoRotation => Verdict::Refuse,
        }
    }

    /// Whether the end of one token can be the end of its grant.
    pub(super) fn has_families(self) -> bool {
        match self {
            Self::Strict | Self::StrictPerUser | Self::GraceSame(_) | Self::GraceSibling(_) => true,
            Self::SingleUse | Self::NewestWins | Self::NoRotation => false,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strict => f.write_str("strict"),
            Self::StrictPerUser => f.write_str("strict-per-user"),
            Self::SingleUse => f.write_str("single-use"),
            Self::GraceSame(window) => write!(f, "grace-same:{}", window.as_millis()),
            Self::GraceSibling(window) => write!(f, "grace-sibling:{}", window.as_millis()),
            Self::NewestWins => f.write_str("newest-wins"),
            Self::NoRotation => f.write_str("none"),
        }
    }
}

/// The text names no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a policy: strict, strict-per-user, single-use, grace-same:MS, grace-sibling:MS, \
     newest-wins or none"
)]
pub struct UnknownPolicy;

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        let (name, window) = match text.split_once(':') {
            Some((name, ms)) => {
                let ms = ms.parse().map_err(|_| UnknownPolicy)?;
                (name, Some(Duration::from_millis(ms)))
            }
            None => (text, None),
        };
        match (name, window) {
            ("strict", None) => Ok(Self::Strict),
            ("strict-per-user", None) => Ok(Self::StrictPerUser),
            ("single-use", None) => Ok(Self::SingleUse),
            ("grace-same", Some(window)) => Ok(Self::GraceSame(window)),
            ("grace-sibling", Some(window)) => Ok(Self::GraceSibling(window)),
            ("newest-wins", None) => Ok(Self::NewestWins),
            ("none", None) => Ok(Self::NoRotation),
            _ => Err(UnknownPolicy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_one_name() {
        let window = Duration::from_millis(250);
        for policy in [
            Policy::Strict,
            Policy::StrictPerUser,
            Policy::SingleUse,
            Policy::GraceSame(window),
            Policy::GraceSibling(window),
            Policy::NewestWins,
            Policy::NoRotation,
        ] {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        for text in ["", "Strict", "strict:5", "grace-same", "grace-same:", "grace-same:-1"] {
            assert_eq!(text.parse::<Policy>(), Err(UnknownPolicy), "{text}");
        }
    }
}
