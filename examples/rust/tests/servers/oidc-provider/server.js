// A real OpenID provider on a free loopback port, for the tests of the Rust
// host. It says in one line on stdout where what is, logs nobody in but
// "alice" and asks her nothing, and ends when its stdin is closed.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const asked = JSON.parse(process.argv[2]);
const { version } = JSON.parse(readFileSync('node_modules/oidc-provider/package.json'));

const client = ({ id, method, secret }) => ({
  client_id: id,
  ...(secret && { client_secret: secret }),
  token_endpoint_auth_method: method,
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: ['http://127.0.0.1/callback'],
});

const configuration = {
  clients: asked.clients.map(client),
  scopes: ['openid', 'offline_access'],
  cookies: { keys: ['only for cookies of tests'] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  ttl: {
    AccessToken: 7200,
    AuthorizationCode: 60,
    Grant: 86400,
    IdToken: 900,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400,
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
};

// The clock, which can be set forward.
let ahead = 0;
const clock = Date.now;
Date.now = () => clock() + ahead;

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
    if (ctx.path === '/test/age' && ctx.method === 'POST') {
      ahead += Number(ctx.get('x-seconds')) * 1000;
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
  const about = {
    versions: `oidc-provider ${version}`,
    origin: issuer,
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/token/revocation`,
    api: `${issuer}/me`,
    lose: `${issuer}/test/lose`,
    age: `${issuer}/test/age`,
  };
  process.stdout.write(`${JSON.stringify(about)}\n`);
});

process.stdin.on('end', () => process.exit(0)).resume();
