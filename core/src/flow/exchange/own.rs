//! One exchange, with what its rules may use.

use crate::{
    entropy::Id,
    failure::{CallbackFault, Delay, Failure},
    flow::{Cx, store},
    output::{Activity, Op},
    record::{AuthorizationId, StoreKey},
    state::{Exchange, ExchangeStage as Stage, State},
};
use alloc::string::String;

/// One exchange with what it may use.
pub(super) struct Own<'a, 'b> {
    pub(super) id: AuthorizationId,
    pub(super) state: &'a mut State,
    pub(super) cx: &'a mut Cx<'b>,
}

impl Own<'_, '_> {
    pub(super) fn keep(&mut self, stage: Stage) {
        self.state.exchanges.push(Exchange { authorization: self.id.clone(), stage });
    }

    pub(super) fn fail(&mut self, return_context: Option<String>, failure: Failure) {
        let authorization = self.id.clone();
        self.cx.fail(Activity::Authorization { authorization, return_context }, failure);
    }

    pub(super) fn refuse(&mut self, fault: CallbackFault) {
        self.cx.fail(Activity::Redirect, Failure::CallbackRefused(fault));
    }

    pub(super) fn store_slow(&mut self, return_context: Option<String>) {
        let failure = Failure::try_later(self.cx.now(), Delay::StoreSlow);
        self.fail(return_context, failure);
    }

    pub(super) fn read_pending(&mut self, key: &StoreKey) -> Op {
        store::swap(&mut self.state.ops, self.cx, key.clone(), None, None)
    }

    pub(super) fn has_fence(&self, nonce: Id) -> bool {
        let fence = self.state.known.record().and_then(|record| record.exchanging);
        fence.is_some_and(|fence| fence.nonce == nonce)
    }
}
