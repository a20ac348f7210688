// What the log line about a VIP's holder must never do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whoHolds } from '#src/kernel/who-holds.js';

test('what is no IPv4 address is never asked for', async () => {
  for (const text of ['-h', '', 'penguin', '::1', '10.0.0.1; true', '10.0.0', '010.0.0.1']) {
    assert.equal(await whoHolds(text, 1000), undefined, text);
  }
});

test('without the programs nobody is asked, and nothing dies', async () => {
  const { PATH } = process.env;
  process.env.PATH = '/nonexistent';
  try {
    assert.equal(await whoHolds('127.0.0.1', 1000), undefined);
  } finally {
    process.env.PATH = PATH;
  }
});
