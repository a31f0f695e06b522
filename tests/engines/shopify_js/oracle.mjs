// Answers questions about signatures with Shopify's own library: a JSON line in, a JSON line out.
import "@shopify/shopify-api/adapters/node";
import { createInterface } from "node:readline";
import { ApiVersion, LogSeverity, shopifyApi } from "@shopify/shopify-api";
import { SignJWT } from "jose";
// Signing is not part of the library's public face: this is the function that its own tests use.
import { generateLocalHmac } from "./node_modules/@shopify/shopify-api/dist/esm/lib/utils/hmac-validator.mjs";

function api(secret) {
  return shopifyApi({
    apiKey: "client",
    apiSecretKey: secret,
    apiVersion: Object.values(ApiVersion)[0],
    hostName: "here.example.com",
    isEmbeddedApp: true,
    logger: { level: LogSeverity.Error, log: () => {} },
  });
}

const questions = {
  async signQuery({ secret, query }) {
    return generateLocalHmac(api(secret).config)(query);
  },
  async validQuery({ secret, query }) {
    return api(secret).utils.validateHmac(query);
  },
  async validWebhook({ secret, body, headers }) {
    const rawRequest = { headers, method: "POST", url: "/webhooks" };
    const found = await api(secret).webhooks.validate({ rawBody: body, rawRequest });
    return found.valid;
  },
  async makeToken({ secret, claims }) {
    const key = new TextEncoder().encode(secret);
    return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key);
  },
  async decodeToken({ secret, token }) {
    return api(secret).session.decodeSessionToken(token);
  },
  async validShop({ shop }) {
    return api("x").utils.sanitizeShop(shop);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { gave: await questions[ask](given) };
  } catch (error) {
    answer = { refused: error.constructor.name };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
