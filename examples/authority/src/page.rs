use axum::{
    http::{StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{
    answer,
    state::{AuthorizationRequest, Entity, Subject},
};

const STYLE: &str = "\
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}\
body{max-width:30rem;margin:12vh auto;padding:0 1.5rem}\
h1{font-size:1.4rem}\
code{overflow-wrap:anywhere}\
form{display:flex;flex-wrap:wrap;gap:1rem;margin-top:2rem}\
label{flex:100%}\
select{font:inherit;display:block;width:100%;padding:.4rem;margin-top:.4rem}\
button{font:inherit;padding:.6rem 1.6rem;border:1px solid;border-radius:.4rem;cursor:pointer}\
button:focus-visible{outline:3px solid;outline-offset:2px}\
button[value=allow]{font-weight:600}";

/// The page that asks. Everything that came with the request is escaped, and the policy forbids
/// scripts and anything from elsewhere, should an escape be forgotten one day.
pub(crate) fn consent(
    request: &AuthorizationRequest,
    transaction: &str,
    offered: &[Entity],
    picked: &Subject,
) -> Response {
    let client = escape(&request.client_id);
    let scopes: String = request
        .scope
        .tokens()
        .iter()
        .map(|scope| format!("<li><code>{}</code></li>\n", escape(scope)))
        .collect();
    let options: String = offered.iter().map(|entity| option(entity, picked)).collect();
    let content = format!(
        "<h1>Allow <code>{client}</code> to use your account?</h1>\n\
         <p id=\"asked\">It asks for:</p>\n\
         <ul aria-labelledby=\"asked\">\n{scopes}</ul>\n\
         <p>You will go back to <code>{back}</code>.</p>\n\
         <form method=\"post\" action=\"/oauth/consent\">\n\
         <input type=\"hidden\" name=\"transaction\" value=\"{transaction}\">\n\
         <label>For <select name=\"subject\">\n{options}</select></label>\n\
         <button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\n\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button>\n\
         </form>",
        back = escape(&request.redirect_uri),
        transaction = escape(transaction),
    );
    // Browsers hold the redirect that follows the form against `form-action`, too. A scheme is the
    // one source expression that fits every redirect URI: `[::1]` is not a host to this grammar.
    let scheme = request.redirect_uri.split(':').next().unwrap_or_default();
    page(StatusCode::OK, "Allow access?", &content, &format!("'self' {scheme}:"))
}

fn option(entity: &Entity, picked: &Subject) -> String {
    let selected = if entity.subject == *picked { " selected" } else { "" };
    let whole = if entity.subject.is_company() { "" } else { " (organisation)" };
    format!(
        "<option value=\"{subject}\"{selected}>{name}{whole}</option>\n",
        subject = entity.subject,
        name = escape(&entity.name),
    )
}

/// The page for a request that must not be answered by a redirect.
pub(crate) fn error(text: &str) -> Response {
    let content = format!("<h1>This did not work</h1>\n<p>{}</p>", escape(text));
    page(StatusCode::BAD_REQUEST, "This did not work", &content, "'none'")
}

fn page(status: StatusCode, title: &str, content: &str, form_action: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action {form_action}; \
         base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    let mut answer = answer::html(status, html);
    answer::set(&mut answer, header::CONTENT_SECURITY_POLICY, &policy);
    answer
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
