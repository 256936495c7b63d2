// A real OpenID provider on a free loopback port, for the tests of the Rust
// host. It says where it listens in one line on stdout, logs nobody in but
// "alice" and asks her nothing, and ends when its stdin is closed.
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const client = (id, method, secret) => ({
  client_id: id,
  ...(secret && { client_secret: secret }),
  token_endpoint_auth_method: method,
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: ['http://127.0.0.1/callback'],
});

const configuration = {
  clients: [
    client('basic client+1', 'client_secret_basic', 's3cret/%:+~, long enough for nobody to guess'),
    client('post-client', 'client_secret_post', 'p0st =&%2B+/?, long enough for nobody to guess'),
    client('public-client', 'none'),
  ],
  scopes: ['openid', 'offline_access'],
  cookies: { keys: ['only for cookies of tests'] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  ttl: {
    AccessToken: 900,
    AuthorizationCode: 60,
    Grant: 86400,
    IdToken: 900,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400,
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
};

// What a person would answer to each question.
async function answer(provider, { prompt, params, session, grantId }) {
  if (params.login_hint === 'refuses') {
    return { error: 'access_denied', error_description: 'the person said no' };
  }
  if (prompt.name === 'login') {
    return { login: { accountId: 'alice' } };
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(' '));
  return { consent: { grantId: await grant.save() } };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.use(async (ctx, next) => {
    // Revoking an access token would end the refresh token as well; here an
    // access token is lost alone, as from the memory of a resource server.
    if (ctx.path === '/test/lose' && ctx.method === 'POST') {
      const token = await provider.AccessToken.find(ctx.get('x-token'));
      await token.destroy();
      ctx.status = 204;
      return;
    }
    if (!ctx.path.startsWith('/interaction/')) {
      await next();
      return;
    }
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    const result = await answer(provider, details);
    const options = { mergeWithLastSubmission: true };
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, options));
  });
  server.on('request', provider.callback());
  process.stdout.write(`${issuer}\n`);
});

process.stdin.on('end', () => process.exit(0)).resume();
