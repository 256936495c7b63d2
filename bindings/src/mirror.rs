//! Enums of core that have no fields, mirrored.

/// Mirrors an enum of core without fields, in both directions.
macro_rules! mirror {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl From<$name> for evergrant::$name {
            fn from(from: $name) -> Self {
                match from { $($name::$variant => Self::$variant,)* }
            }
        }

        impl From<evergrant::$name> for $name {
            fn from(from: evergrant::$name) -> Self {
                match from { $(evergrant::$name::$variant => Self::$variant,)* }
            }
        }
    };
}

pub(crate) use mirror;
