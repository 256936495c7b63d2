//! Everything that can go wrong, by name.

use crate::dice::Dice;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident $code:literal $where:ident,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            pub fn place(self) -> Place {
                match self { $(Self::$name => Place::$where,)* }
            }
        }
    };
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A request, where every run of any kind may meet it.
    Http,
    /// A request, where the host or the server breaks what is assumed of it.
    HttpUntimely,
    Swap,
    Act,
    ActUntimely,
    Timer,
    /// Something that people do, and no fault: in every run.
    Use,
    /// The same, where there are API keys.
    Keys,
    /// Where records are sealed.
    Seal,
}

faults! {
    NotSent "not sent" Http,
    TooLate "too late to send" Http,
    RequestLost "request lost" Http,
    ReplyLost "reply lost" Http,
    Reset "reset, request still on its way" Http,
    SlowServer "server slow to start" Http,
    LateReply "reply near the end of listening" Http,
    ErrorBefore "5xx before handling" Http,
    ErrorAfter "5xx after handling" Http,
    RetrySeconds "429, Retry-After in seconds" Http,
    RetryDate "429, Retry-After as a date" Http,
    Firewall "page of a firewall" Http,
    Redirect "redirect at the token endpoint" Http,
    CutShort "answer cut short" Http,
    TooLarge "answer too large" Http,
    OauthError "another OAuth error" Http,
    Quirk "answer with a quirk" Http,
    NoRefreshToken "no refresh token in the answer" Http,
    Lifetime "odd lifetime" Http,
    TokenType "odd token type" Http,
    Duplicate "request delivered twice" Http,
    HeldSend "sent long after the last check" HttpUntimely,
    BeyondListening "reply long after listening" HttpUntimely,
    BeyondStart "request handled long after" HttpUntimely,
    SwapSlow "swap slow" Swap,
    SwapLate "swap answered later than W" Swap,
    AppliedSilent "swap applied, no answer" Swap,
    LostSilent "swap not applied, no answer" Swap,
    AppliedLate "swap applied after it was given up" Swap,
    Rubbish "store gives rubbish once" Swap,
    LateTimer "timer late" Timer,
    Crash "crash" Act,
    Reboot "host reboots" Act,
    StopStart "process stopped and begun anew, unread" Act,
    Pause "pause" Act,
    Suspend "suspend, uptime stands still" Act,
    ClockJump "wall clock jumps" Act,
    StoreDown "store unavailable" Act,
    ClientBroken "invalid_client for a while" Act,
    ServerEnds "person revokes at the server" Act,
    PeerGone "told that its peer is dead" Act,
    LongPause "pause beyond all times" ActUntimely,
    BigJump "wall clock jumps by hours" ActUntimely,
    StoreForgets "store forgets a write" ActUntimely,
    TokenWanted "token wanted" Use,
    ApiCall "API called" Use,
    ApiRefuses "API refuses" Use,
    StaleRefusal "API refused an older token" Use,
    Authorize "authorize" Use,
    Consent "person consents" Use,
    Deny "person denies" Use,
    Forged "forged callback" Use,
    Again "callback comes again" Use,
    Flood "many callbacks at once" Use,
    Cancel "cancel" Use,
    Revoke "revoke" Use,
    EnterKey "key entered" Keys,
    KeyEnds "person revokes keys at the provider" Keys,
    Rotate "begun anew with the next sealing keys" Seal,
}

impl Fault {
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// Faults by lot, each with its own weight out of 65,536.
#[derive(Clone, Debug, Default)]
pub struct Mix(Vec<(u32, Fault)>);

impl Mix {
    pub fn add(&mut self, fault: Fault, weight: u32) {
        let before = self.0.last().map_or(0, |(end, _)| *end);
        self.0.push((before + weight, fault));
    }

    /// Any of them, where one must strike.
    pub fn any(&self, dice: &mut Dice) -> Option<Fault> {
        let count = self.0.len().max(1) as u64;
        self.0.get(dice.below(count) as usize).map(|(_, fault)| *fault)
    }

    pub fn draw(&self, dice: &mut Dice) -> Option<Fault> {
        let end = self.0.last()?.0.max(65_536);
        let ticket = dice.below(u64::from(end)) as u32;
        self.0.iter().find(|(end, _)| ticket < *end).map(|(_, fault)| *fault)
    }
}
