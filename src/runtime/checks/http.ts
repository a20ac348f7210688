// The http, https and http_proxy checks. A plain request goes the plain way (plain-http.ts); TLS,
// proxies, whole addresses and redirects are spoken by axios. A new connection each time, because a
// kept one hides a server that accepts no more; no proxy from the environment; no cookies.

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Readable } from 'node:stream';
import type { AxiosRequestConfig } from 'axios';
import type { HttpCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down } from '../../checks/check-verdict.js';
import { BODY_BYTES_MAX, judgeHttpAnswer, REDIRECTS_MAX } from '../../checks/http-answer.js';
import { downOfError } from './check-error.js';
import { isPlain, runPlainHttp, USER_AGENT } from './plain-http.js';
import { matchReceive } from './receive-match.js';
import type { CheckContext } from './run-check.js';
import { trust } from './secure-context.js';

type Connect = http.Agent['createConnection'];

/** Calls `onConnect` for each connection that an agent makes. */
function watched<A extends http.Agent>(agent: A, onConnect: () => void): A {
  const createConnection: Connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const stream = createConnection(options, callback);
    stream?.once('connect', onConnect);
    return stream;
  };
  return agent;
}

function httpsAgent(servername: string | undefined, onConnect: () => void): https.Agent {
  const name = servername === undefined ? {} : { servername };
  return watched(new https.Agent({ keepAlive: false, ...trust(), ...name }), onConnect);
}

/** The virtual host goes into TLS as well: a server with several names answers as the right one. */
function serverName(spec: HttpCheck): string | undefined {
  const name = spec.host.replace(/:\d+$/, '');
  return name === '' || net.isIP(name.replace(/^\[|\]$/g, '')) !== 0 ? undefined : name;
}

interface RedirectOptions {
  agents?: { http?: http.Agent; https?: https.Agent };
}

function requestConfig(
  spec: HttpCheck,
  { signal, waitFor }: CheckContext,
  onRedirect: () => void,
): AxiosRequestConfig {
  const onConnect = (): void => waitFor('answer');
  const agent = watched(new http.Agent({ keepAlive: false }), onConnect);
  return {
    url: spec.url,
    method: spec.method,
    signal,
    timeout: 0,
    httpAgent: agent,
    httpsAgent: httpsAgent(serverName(spec), onConnect),
    proxy: spec.isProxy ? { protocol: 'http', host: spec.address, port: spec.port } : false,
    maxRedirects: REDIRECTS_MAX,
    beforeRedirect: (options: RedirectOptions) => {
      onRedirect();
      waitFor('connect');
      // The name given to TLS was that of the first server.
      options.agents = { http: agent, https: httpsAgent(undefined, onConnect) };
    },
    validateStatus: () => true,
    responseType: 'stream',
    decompress: false,
    insecureHTTPParser: true,
    headers: {
      ...(spec.host === '' ? {} : { Host: spec.host }),
      'User-Agent': USER_AGENT,
      Accept: '*/*',
      // The pattern is matched against the body as sent.
      'Accept-Encoding': 'identity',
    },
  };
}

export async function runHttpCheck(spec: HttpCheck, context: CheckContext): Promise<CheckVerdict> {
  if (spec.port === 0) return down('no port to ask: set checkport');
  if (isPlain(spec)) {
    const outcome = await runPlainHttp(spec, context);
    if (outcome !== 'redirect') return outcome;
  }
  return runByClient(spec, context);
}

/** By the whole client, whatever is asked for. */
export async function runByClient(spec: HttpCheck, context: CheckContext): Promise<CheckVerdict> {
  // Loaded with the first check: a third of a second that other programs need not wait.
  const { default: axios } = await import('axios');
  let redirects = 0;
  context.waitFor('connect');
  try {
    const answer = await axios.request<Readable>(
      requestConfig(spec, context, () => {
        redirects++;
      }),
    );
    const body = await readBody(answer.data);
    const match = matchReceive(spec.receive, body.text);
    const { status, statusText } = answer;
    return judgeHttpAnswer(
      { status, statusText, redirects, isBodyCut: body.isCut, body: body.text },
      match,
    );
  } catch (cause) {
    return downOfError(cause);
  }
}

/** At most `BODY_BYTES_MAX`; what comes behind is not waited for. */
async function readBody(stream: Readable): Promise<{ text: string; isCut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    // Without an encoding set, a stream of bytes yields buffers only.
    const bytes = chunk as Buffer;
    chunks.push(bytes);
    length += bytes.length;
    if (length > BODY_BYTES_MAX) break;
  }
  const isCut = length > BODY_BYTES_MAX;
  const bytes = Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX);
  return { text: bytes.toString('utf8'), isCut };
}
