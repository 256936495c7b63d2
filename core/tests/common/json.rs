//! Transcript lines (transcripts/README.md): inputs and outputs as canonical JSON.

use super::Line;
use evergrant::*;
use std::fmt::Write as _;

/// An object in the order given, without spaces.
pub struct Object(String);

impl Object {
    pub fn new() -> Self {
        Self("{".into())
    }

    pub fn tagged(name: &str) -> Self {
        Self::new().text("type", name)
    }

    pub fn raw(mut self, name: &str, json: impl std::fmt::Display) -> Self {
        let comma = if self.0.len() > 1 { "," } else { "" };
        write!(self.0, "{comma}\"{name}\":{json}").unwrap();
        self
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, text(value))
    }

    pub fn maybe_text(self, name: &str, value: Option<&str>) -> Self {
        self.raw(name, value.map_or("null".into(), text))
    }

    pub fn maybe(self, name: &str, value: Option<u64>) -> Self {
        self.raw(name, number(value))
    }

    pub fn end(self) -> String {
        self.0 + "}"
    }
}

pub fn text(value: &str) -> String {
    serde_json::to_string(value).unwrap()
}

fn number(value: Option<u64>) -> String {
    value.map_or("null".into(), |value| value.to_string())
}

pub fn list<T>(items: &[T], each: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(each).collect::<Vec<_>>().join(","))
}

fn pairs(pairs: &[(String, String)]) -> String {
    list(pairs, |(name, value)| format!("[{},{}]", text(name), text(value)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn utf8(bytes: &SecretBytes) -> &str {
    std::str::from_utf8(bytes.expose()).expect("fixtures are text")
}

/// Text as a rule; a server may send what is none.
fn body(bytes: &SecretBytes) -> String {
    match std::str::from_utf8(bytes.expose()) {
        Ok(body) => text(body),
        Err(_) => Object::new().text("hex", &hex(bytes.expose())).end(),
    }
}

/// The first line: the whole configuration.
pub fn configuration(provider: &ProviderConfig, client: &ClientConfig, tenant: &str) -> String {
    let method = |method: TokenEndpointAuthMethod| match method {
        TokenEndpointAuthMethod::ClientSecretBasic => "client_secret_basic",
        TokenEndpointAuthMethod::ClientSecretPost => "client_secret_post",
        TokenEndpointAuthMethod::None => "none",
    };
    let disconnect = match &provider.disconnect {
        Disconnect::Forget => text("forget"),
        Disconnect::Revocation { endpoint } => Object::new().text("revocation", endpoint).end(),
        Disconnect::ApiRequest { method, url, spares_others } => {
            let request = format!("[{},{},{spares_others}]", text(method.as_str()), text(url));
            Object::new().raw("api_request", request).end()
        }
    };
    let redirects = match provider.redirects {
        RedirectRules::NativeApps => "native_apps",
        RedirectRules::NativeAppsOrLocalhost => "native_apps_or_localhost",
        RedirectRules::Https => "https",
        RedirectRules::HttpsOrOwnMachine => "https_or_own_machine",
    };
    let iss = match provider.iss {
        IssPolicy::Required => "required",
        IssPolicy::IfPresent => "if_present",
        IssPolicy::Ignored => "ignored",
    };
    let provider = Object::new()
        .text("environment", &provider.environment)
        .maybe_text("issuer", provider.issuer.as_deref())
        .text("iss", iss)
        .text("authorization_endpoint", &provider.authorization_endpoint)
        .text("token_endpoint", &provider.token_endpoint)
        .maybe_text("introspection_endpoint", provider.introspection_endpoint.as_deref())
        .raw("disconnect", disconnect)
        .text("api_origin", &provider.api_origin)
        .raw("company", binding(provider.company.as_ref()))
        .raw("api_keys", binding(provider.api_keys.as_ref()))
        .maybe_text("resource", provider.resource.as_deref())
        .raw("authorize_parameters", pairs(&provider.authorize_parameters))
        .text("token_endpoint_auth_method", method(provider.token_endpoint_auth_method))
        .raw("quirks", quirks(&provider.quirks))
        .text("redirects", redirects)
        .raw("loopback_http", provider.loopback_http)
        .raw("refresh", refresh(&provider.refresh))
        .raw("release_unsaved", provider.release_unsaved)
        .raw("authorization_lifetime", provider.authorization_lifetime)
        .raw("answer_limit", provider.answer_limit)
        .end();
    let client = Object::new()
        .text("client_id", &client.client_id)
        .maybe_text("client_secret", client.client_secret.as_ref().map(Secret::expose))
        .maybe_text(
            "previous_client_secret",
            client.previous_client_secret.as_ref().map(Secret::expose),
        )
        .maybe_text("token_endpoint_auth_method", client.token_endpoint_auth_method.map(method))
        .raw("redirect_uris", list(&client.redirect_uris, |uri| text(uri)))
        .raw("scopes", list(&client.scopes, |scope| text(scope)))
        .raw("sealing", sealing(&client.sealing))
        .end();
    Object::new().raw("provider", provider).raw("client", client).text("tenant", tenant).end()
}

/// A refresh policy as the first line has it.
pub fn refresh(policy: &RefreshPolicy) -> String {
    let Timing { send_within, listen_for, start_within, save_within, takeover_after } =
        policy.timing;
    let timing =
        list(&[send_within, listen_for, start_within, save_within, takeover_after], u64::to_string);
    Object::new()
        .text("rotation", rotation(policy.rotation))
        .raw("access_dies", policy.access_dies)
        .raw("family_per_user", policy.family_per_user)
        .raw("timing", timing)
        .end()
}

/// `"plain"`, or the keys: those of the fixture, which is the only ring there is here.
fn sealing(sealing: &Sealing) -> String {
    if *sealing == Sealing::Plain {
        return text("plain");
    }
    assert_eq!(*sealing, super::fixture_ring(), "no other keys are written down");
    let key = |(id, byte): &(&str, u8)| format!("[{},{}]", text(id), text(&hex(&[*byte; 32])));
    let [active, older @ ..] = &super::FIXTURE_KEYS;
    Object::new().raw("active", key(active)).raw("older", list(older, key)).end()
}

fn rotation(rotation: Rotation) -> &'static str {
    match rotation {
        Rotation::Strict => "strict",
        Rotation::SingleUse => "single_use",
        Rotation::SameSuccessor => "same_successor",
        Rotation::Siblings => "siblings",
        Rotation::NewestWins => "newest_wins",
        Rotation::None => "none",
    }
}

/// What a step was told, and what it answered: two lines, or one for a restore.
pub fn lines(line: &Line) -> String {
    match line {
        Line::Restore(stored) => {
            let stored = stored.as_ref().map_or("null".into(), stored_json);
            Object::new().raw("restore", stored).end() + "\n"
        }
        Line::Step(env, input, result) => {
            let env = Object::new()
                .raw("now", env.now)
                .maybe("uptime", env.uptime)
                .maybe_text("boot_id", env.boot_id.map(|id| hex(&id)).as_deref())
                .text("entropy", &hex(&env.entropy))
                .end();
            let told = Object::new().raw("env", env).raw("input", input_json(input)).end();
            let answered = match result {
                Ok(step) => Object::new()
                    .raw("outputs", list(&step.outputs, output_json))
                    .maybe("wake_at", step.wake_at)
                    .text("status", step.status.code())
                    .maybe("servable", step.servable)
                    .end(),
                Err(misuse) => Object::new().text("misuse", misuse.code()).end(),
            };
            format!("{told}\n{answered}\n")
        }
    }
}

fn quirks(quirks: &Quirks) -> String {
    Object::new()
        .raw("token_type_optional", quirks.token_type_optional)
        .raw("form_encoded_answers", quirks.form_encoded_answers)
        .raw("comma_separated_scopes", quirks.comma_separated_scopes)
        .raw("invalid_grant_errors", list(&quirks.invalid_grant_errors, |name| text(name)))
        .end()
}

fn binding(binding: Option<&CompanyBinding>) -> String {
    binding.map_or("null".into(), |binding| {
        Object::new()
            .text("url", &binding.url)
            .text("subject", &binding.subject)
            .maybe_text("scope", binding.scope.as_deref())
            .text("company_prefix", &binding.company_prefix)
            .maybe_text("organisation_prefix", binding.organisation_prefix.as_deref())
            .end()
    })
}

fn stored_json(stored: &Stored) -> String {
    Object::new()
        .text("revision", stored.revision.as_str())
        .text("record", utf8(&stored.bytes))
        .maybe("age", stored.age)
        .end()
}

fn input_json(input: &Input) -> String {
    match input {
        Input::Authorize(asked) => Object::tagged("authorize")
            .text("redirect_uri", &asked.redirect_uri)
            .raw("scopes", list(&asked.scopes, |scope| text(scope)))
            .raw("extra", pairs(&asked.extra))
            .text(
                "binding",
                match asked.binding {
                    Binding::Cookie => "cookie",
                    Binding::SameProcess => "same_process",
                },
            )
            .maybe_text("return_context", asked.return_context.as_deref())
            .maybe_text("company", asked.company.as_deref()),
        Input::Redirected { url, proof } => {
            let proof = match proof {
                BrowserProof::Binding(secret) => {
                    Object::new().text("binding", secret.expose()).end()
                }
                BrowserProof::SameProcess => text("same_process"),
                BrowserProof::Missing => text("missing"),
            };
            Object::tagged("redirected").text("url", url.expose()).raw("proof", proof)
        }
        Input::TokenWanted { min_validity } => {
            Object::tagged("token_wanted").raw("min_validity", min_validity)
        }
        Input::ApiAnswered { generation, status, headers } => Object::tagged("api_answered")
            .raw("generation", generation)
            .raw("status", status)
            .raw("headers", pairs(headers)),
        Input::KeyEntered(entered) => Object::tagged("key_entered")
            .text("key", entered.key.expose())
            .text(
                "kind",
                match entered.kind {
                    ApiKeyKind::Integrated => "integrated",
                    ApiKeyKind::Standalone => "standalone",
                },
            )
            .maybe_text("company", entered.company.as_deref())
            .raw("scopes", list(&entered.scopes, |scope| text(scope))),
        Input::Revoke => Object::tagged("revoke"),
        Input::Cancel { authorization } => Object::tagged("cancel")
            .maybe_text("authorization", authorization.as_ref().map(AuthorizationId::as_str)),
        Input::HttpDone { op, response } => Object::tagged("http_done")
            .raw("op", op.0)
            .raw("status", response.status)
            .raw("headers", pairs(&response.headers))
            .raw("body", body(&response.body)),
        Input::HttpFailed { op, why } => Object::tagged("http_failed").raw("op", op.0).text(
            "why",
            match why {
                HttpFault::NotSent => "not_sent",
                HttpFault::TooLate => "too_late",
                HttpFault::Unknown => "unknown",
            },
        ),
        Input::Swapped { op, current } => Object::tagged("swapped")
            .raw("op", op.0)
            .raw("current", current.as_ref().map_or("null".into(), stored_json)),
        Input::SwapUnanswered { op } => Object::tagged("swap_unanswered").raw("op", op.0),
        Input::PeerGone => Object::tagged("peer_gone"),
        Input::Wake => Object::tagged("wake"),
    }
    .end()
}

fn output_json(output: &Output) -> String {
    match output {
        Output::SendHttp { op, request, send_within, listen_for, answer_limit } => {
            let header = |(name, value): &(&str, Secret)| {
                format!("[{},{}]", text(name), text(value.expose()))
            };
            Object::tagged("send_http")
                .raw("op", op.0)
                .text("method", request.method.as_str())
                .text("url", &request.url)
                .raw("headers", list(&request.headers, header))
                .text("body", utf8(&request.body))
                .raw("send_within", send_within)
                .raw("listen_for", listen_for)
                .raw("answer_limit", answer_limit)
        }
        Output::Swap { op, key, expected, write } => {
            let write = write.as_ref().map_or("null".into(), |write| {
                Object::new()
                    .text("record", utf8(&write.bytes))
                    .maybe("due_at", write.due_at)
                    .maybe("purge_at", write.purge_at)
                    .end()
            });
            Object::tagged("swap")
                .raw("op", op.0)
                .text("key", key.as_str())
                .maybe_text("expected", expected.as_ref().map(Revision::as_str))
                .raw("write", write)
        }
        Output::OpenUrl { authorization, url, binding, expires_at } => Object::tagged("open_url")
            .text("authorization", authorization.as_str())
            .text("url", url.expose())
            .maybe_text("binding", binding.as_ref().map(Secret::expose))
            .raw("expires_at", expires_at),
        Output::TokenReady { generation, origin, header, expires_at } => {
            Object::tagged("token_ready")
                .raw("generation", generation)
                .text("origin", origin)
                .text("header", header.expose())
                .maybe("expires_at", *expires_at)
        }
        Output::Authorized { authorization, generation, scope, return_context } => {
            Object::tagged("authorized")
                .text("authorization", authorization.as_str())
                .raw("generation", generation)
                .text("scope", scope)
                .maybe_text("return_context", return_context.as_deref())
        }
        Output::KeyAccepted { generation, company, scope } => Object::tagged("key_accepted")
            .raw("generation", generation)
            .text("company", company)
            .text("scope", scope),
        Output::Failed { activity, failure } => {
            let (authorization, return_context) = match activity {
                Activity::Authorization { authorization, return_context } => {
                    (Some(authorization.as_str()), return_context.as_deref())
                }
                Activity::Redirect
                | Activity::Token
                | Activity::Key
                | Activity::ApiCall
                | Activity::Revoke => (None, None),
            };
            let said = failure.said();
            Object::tagged("failed")
                .text("activity", activity.code())
                .maybe_text("authorization", authorization)
                .maybe_text("return_context", return_context)
                .text("kind", failure.kind())
                .text("code", failure.code())
                .raw("number", failure.number())
                .maybe("retry_at", failure.retry_at())
                .maybe_text("error", said.map(|said| said.error.as_str()))
                .maybe_text("company", failure.company())
                .maybe_text("description", said.and_then(|said| said.description.as_deref()))
        }
        Output::Notice(notice) => {
            let fields = notice.fields();
            Object::tagged("notice")
                .text("code", fields.code)
                .maybe("generation", fields.generation)
                .maybe("attempt", fields.attempt.map(u64::from))
                .maybe_text("authorization", fields.authorization.map(AuthorizationId::as_str))
                .maybe_text("detail", fields.detail)
        }
    }
    .end()
}
