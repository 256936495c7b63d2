//! Where a server's answers stray from the RFCs, as data.

/// Where a server's token answers stray from RFC 6749 §5 in a way that can only be
/// believed if it is known to be meant. The default believes none; what costs no
/// safety is believed of any server. Either way a notice tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Quirks {
    /// Whether `token_type` may be absent, and the token is then `Bearer`. Else such a
    /// token is stored but never served.
    #[uniffi(default = false)]
    pub token_type_optional: bool,
    /// Whether answers may be form-encoded. Else such tokens are stored but never
    /// served, and such errors say nothing.
    #[uniffi(default = false)]
    pub form_encoded_answers: bool,
    /// Whether commas separate the scopes of an answer.
    #[uniffi(default = false)]
    pub comma_separated_scopes: bool,
    /// Further `error` names that mean `invalid_grant`. At most 16, of 1 to 64
    /// printable ASCII characters.
    #[uniffi(default = [])]
    pub invalid_grant_errors: Vec<String>,
}

impl From<Quirks> for evergrant::Quirks {
    fn from(quirks: Quirks) -> Self {
        let Quirks {
            token_type_optional,
            form_encoded_answers,
            comma_separated_scopes,
            invalid_grant_errors,
        } = quirks;
        Self {
            token_type_optional,
            form_encoded_answers,
            comma_separated_scopes,
            invalid_grant_errors,
        }
    }
}

impl From<evergrant::Quirks> for Quirks {
    fn from(quirks: evergrant::Quirks) -> Self {
        let evergrant::Quirks {
            token_type_optional,
            form_encoded_answers,
            comma_separated_scopes,
            invalid_grant_errors,
        } = quirks;
        Self {
            token_type_optional,
            form_encoded_answers,
            comma_separated_scopes,
            invalid_grant_errors,
        }
    }
}
