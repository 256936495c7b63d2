//! What a step came to, as one text.

use super::message::Writer;
use crate::headers;
use evergrant::{Activity, Failure, HttpRequest, NoticeFields, Output, Status, Step};

const STEP: u8 = 0;
const SEND_HTTP: u8 = 1;
const SWAP: u8 = 2;
const OPEN_URL: u8 = 3;
const TOKEN_READY: u8 = 4;
const AUTHORIZED: u8 = 5;
const KEY_ACCEPTED: u8 = 6;
const FAILED: u8 = 7;
const NOTICE: u8 = 8;

pub(super) fn write_step(step: &Step, is_unsaved: bool) -> String {
    let Step { outputs, wake_at, status, servable } = step;
    let mut into = Writer::default();
    let cause = match status {
        Status::ReauthenticationRequired(cause) => Some(cause.code()),
        Status::Disconnected
        | Status::Authorizing
        | Status::Exchanging
        | Status::Authorized
        | Status::Refreshing
        | Status::Disconnecting => None,
    };
    into.message(
        STEP,
        &[*wake_at, *servable, Some(is_unsaved.into())],
        &[Some(status.code()), cause],
    );
    for output in outputs {
        write_output(&mut into, output);
    }
    into.finish()
}

fn write_output(into: &mut Writer, output: &Output) {
    match output {
        Output::SendHttp { op, request, send_within, listen_for, answer_limit } => {
            let HttpRequest { method, url, headers, body } = request;
            into.message(
                SEND_HTTP,
                &[Some(op.0), Some(*send_within), Some(*listen_for), Some((*answer_limit).into())],
                &[
                    Some(method.as_str()),
                    Some(url),
                    Some(headers::write(headers).expose()),
                    Some(text(body)),
                ],
            );
        }
        Output::Swap { op, key, expected, write } => {
            let write = write.as_ref();
            into.message(
                SWAP,
                &[
                    Some(op.0),
                    write.and_then(|write| write.due_at),
                    write.and_then(|write| write.purge_at),
                ],
                &[
                    Some(key.as_str()),
                    expected.as_ref().map(|revision| revision.as_str()),
                    write.map(|write| text(&write.bytes)),
                ],
            );
        }
        Output::OpenUrl { authorization, url, binding, expires_at } => into.message(
            OPEN_URL,
            &[Some(*expires_at)],
            &[
                Some(authorization.as_str()),
                Some(url.expose()),
                binding.as_ref().map(|binding| binding.expose()),
            ],
        ),
        Output::TokenReady { generation, origin, header, expires_at } => into.message(
            TOKEN_READY,
            &[Some(*generation), *expires_at],
            &[Some(origin), Some(header.expose())],
        ),
        Output::Authorized { authorization, generation, scope, return_context } => into.message(
            AUTHORIZED,
            &[Some(*generation)],
            &[Some(authorization.as_str()), Some(scope), return_context.as_deref()],
        ),
        Output::KeyAccepted { generation, company, scope } => {
            into.message(KEY_ACCEPTED, &[Some(*generation)], &[Some(company), Some(scope)])
        }
        Output::Failed { activity, failure } => write_failed(into, activity, failure),
        Output::Notice(notice) => {
            let NoticeFields { code, generation, attempt, authorization, detail } = notice.fields();
            into.message(
                NOTICE,
                &[generation, attempt.map(u64::from)],
                &[Some(code), authorization.map(|id| id.as_str()), detail],
            );
        }
    }
}

fn write_failed(into: &mut Writer, activity: &Activity, failure: &Failure) {
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
    into.message(
        FAILED,
        &[Some(failure.number().into()), failure.retry_at()],
        &[
            Some(activity.code()),
            authorization,
            return_context,
            Some(failure.kind()),
            Some(failure.code()),
            failure.company(),
            said.map(|said| said.error.as_str()),
            said.and_then(|said| said.description.as_deref()),
            failure.sealing_key(),
        ],
    );
}

/// Bodies of requests are forms, and records are text so that any store takes them.
fn text(bytes: &evergrant::SecretBytes) -> &str {
    str::from_utf8(bytes.expose()).expect("what the machine writes is text")
}
