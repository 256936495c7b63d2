package dev.evergrant.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.evergrant.Authorization;
import dev.evergrant.Authorized;
import dev.evergrant.BlockingConnection;
import dev.evergrant.BlockingConnections;
import dev.evergrant.Client;
import dev.evergrant.Connections;
import dev.evergrant.Denied;
import dev.evergrant.EvergrantException;
import dev.evergrant.Host;
import dev.evergrant.Misuse;
import dev.evergrant.Provider;
import dev.evergrant.Standing;
import dev.evergrant.Store;
import dev.evergrant.StoreUnavailable;
import dev.evergrant.Stored;
import dev.evergrant.Token;
import dev.evergrant.machine.IssPolicy;
import dev.evergrant.machine.Rotation;
import dev.evergrant.machine.SealingKey;
import dev.evergrant.machine.Secret;
import dev.evergrant.machine.SecretBytes;
import dev.evergrant.okhttp.EvergrantOkHttp;
import dev.evergrant.okhttp.OkHttpTransport;
import dev.evergrant.stores.FileStore;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The package as a server in Java uses it, without a word of Kotlin. */
class JavaTest {
    @TempDir Path directory;

    @Test
    void aWholeLife() throws Exception {
        try (Authority authority = Authority.Companion.start()) {
            String base = authority.getBase();
            Provider provider =
                    new Provider.Builder("loopback", base + "/oauth/authorize", base + "/oauth/token", base)
                            .issuer(base, IssPolicy.REQUIRED)
                            .revocationEndpoint(base + "/oauth/revoke")
                            .rotation(Rotation.STRICT)
                            .timing(3_000, 60_000, 59_000, 12_000, 90_000)
                            .loopbackHttp(true)
                            .build();
            byte[] key = new byte[32];
            new java.security.SecureRandom().nextBytes(key);
            List<String> notices = new CopyOnWriteArrayList<>();
            Client client =
                    new Client.Builder(provider, "demo client+1", new OkHttpTransport())
                            .host(Host.SERVER)
                            .clientSecret(new Secret("s3cret/%:+é"))
                            .redirectUri("http://127.0.0.1/callback")
                            .scopes("expenses:read", "users:read")
                            .sealed(new SealingKey("2026", new SecretBytes(key)))
                            .onNotice(notice -> notices.add(notice.getCode()))
                            .build();
            BlockingConnections connections = new Connections(client, new FileStore(directory)).getBlocking();
            BlockingConnection connection = connections.get("tenant-42");

            Denied denied = assertThrows(Denied.class, connection::token);
            assertEquals("denied_not_connected", denied.getCode());

            Authorization begun = connection.authorize("http://127.0.0.1:49152/callback", "/settings");
            String redirect = AuthorityKt.browse(begun.getUrl().expose());
            Map<String, String> cookies = Map.of(begun.getCookie().getName(), begun.getCookie().getValue().expose());
            Authorized done = connections.callback(redirect, cookies);
            assertEquals("tenant-42", done.getTenant());
            assertEquals(Standing.AUTHORIZED, connection.status().getStanding());

            Token token = connection.token();
            assertEquals(token.expose(), connection.authorization(base + "/v1/expenses"));
            assertNull(connection.authorization("https://elsewhere.example/"));
            OkHttpClient api = EvergrantOkHttp.install(new OkHttpClient.Builder(), connection.getConnection()).build();
            Request request = new Request.Builder().url(base + "/v1/expenses").build();
            try (Response answer = api.newCall(request).execute()) {
                assertEquals(200, answer.code());
            }
            assertNull(connection.apiAnswered(token, 404));

            assertTrue(connection.disconnect());
            assertTrue(notices.containsAll(List.of("authorization_started", "grant_obtained", "disconnected")));
        }
    }

    @Test
    void aStoreOfOnesOwn() {
        Map<String, Stored> records = new HashMap<>();
        Store store =
                (key, expected, write) -> {
                    synchronized (records) {
                        Stored there = records.get(key);
                        String revision = there == null ? null : there.getRevision();
                        if (write != null && java.util.Objects.equals(revision, expected)) {
                            String next = String.valueOf(revision == null ? 1 : Long.parseLong(revision) + 1);
                            there = new Stored(next, write.getRecord());
                            records.put(key, there);
                        }
                        return there;
                    }
                };
        Store unreachable =
                (key, expected, write) -> {
                    throw new StoreUnavailable("nobody is there");
                };
        new dev.evergrant.testing.StoreContract(() -> {
                    records.clear();
                    return () -> store;
                }, () -> unreachable)
                .getChecks()
                .values()
                .forEach(Runnable::run);
    }

    @Test
    void aSecretIsForServers() {
        Client.Builder app =
                new Client.Builder(Provider.pleoStaging(), "client", new OkHttpTransport())
                        .clientSecret(new Secret("a secret"))
                        .redirectUri("https://client.example/callback")
                        .scopes("users:read")
                        .plain();
        EvergrantException refused = assertThrows(EvergrantException.class, app::build);
        assertInstanceOf(Misuse.class, refused);
        assertEquals("misuse_client_secret_in_app", refused.getCode());
        app.host(Host.SERVER).build();
    }
}
