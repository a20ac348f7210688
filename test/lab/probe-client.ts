// The client of the lab: asks an address over HTTP on a fixed grid and prints one line for each
// answer or failure. Plain sockets and HTTP/1.0, because it has to keep its pace in an emulated
// machine. Usage: probe-client.js ADDRESS PORT INTERVAL_MS LIMIT_MS; a line with a number on
// standard input is a new interval.

import { connect } from 'node:net';

/** Asking goes on while older questions are unanswered, up to this many. */
const pendingMax = 400;

const [address = '', port = '80', interval = '5', limit = '300'] = process.argv.slice(2);

let pending = 0;
let lines = '';

function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** `STARTED_MS DURATION_MS ANSWER`, or `!` and the reason in the answer's place. */
function report(startedMs: number, answer: string): void {
  pending -= 1;
  if (lines === '') setTimeout(flush, 10);
  lines += `${startedMs} ${(now() - startedMs).toFixed(3)} ${answer}\n`;
}

function flush(): void {
  process.stdout.write(lines);
  lines = '';
}

function ask(): void {
  if (pending >= pendingMax) return;
  pending += 1;
  const startedMs = now();
  let heard = '';
  let isOver = false;
  const socket = connect({ host: address, port: Number(port), noDelay: true });
  const timer = setTimeout(() => finish('!timeout'), Number(limit));
  const finish = (answer: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.destroy();
    report(startedMs, answer);
  };
  socket.on('connect', () => socket.write(`GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`));
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1');
  });
  socket.on('error', (error: NodeJS.ErrnoException) => finish(`!${error.code ?? 'error'}`));
  socket.on('end', () => {
    const [head = '', body = ''] = heard.split('\r\n\r\n');
    const isGood = /^HTTP\/1\.\d 200 /.test(head);
    finish(isGood ? (body.split('\n')[0] ?? '').trim() || '-' : '!bad-answer');
  });
}

let grid = setInterval(ask, Number(interval));

process.stdin.on('data', (bytes) => {
  const lastLine = bytes.toString().trim().split('\n').at(-1);
  clearInterval(grid);
  grid = setInterval(ask, Number(lastLine));
});
process.stdin.on('end', () => process.exit(0));
process.stdout.write('asking\n');
