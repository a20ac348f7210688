// An FTP client in the lab: logs in, fetches the file that names its server several times over
// passive data connections, and prints who it spoke with. Usage: ftp-visit.js ADDRESS FILES

import { Writable } from 'node:stream';
import { Client } from 'basic-ftp';

const [address = '', files = '3'] = process.argv.slice(2);

/** Collects what a transfer brings. */
function collector(): { readonly into: Writable; text: () => string } {
  const parts: Buffer[] = [];
  const into = new Writable({
    write(part: Buffer, _encoding, done) {
      parts.push(part);
      done();
    },
  });
  return { into, text: () => Buffer.concat(parts).toString().trim() };
}

const client = new Client(60_000);
const greeting = await client.connect(address, 21);
await client.login('anonymous', 'lab@example.org');
await client.useDefaultSettings();
const data: string[] = [];
for (let turn = 0; turn < Number(files); turn += 1) {
  const { into, text } = collector();
  await client.downloadTo(into, 'name.txt');
  data.push(text());
}
client.close();
const control = greeting.message.replace(/^220 /, '').trim();
process.stdout.write(`${JSON.stringify({ control, data })}\n`);
