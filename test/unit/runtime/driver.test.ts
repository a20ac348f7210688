// The driver: order of effects, and deadlines that are judged only after the sockets were read.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { Engine } from '#src/base/engine.js';
import { after, type Instant, millis } from '#src/base/time.js';
import { readNow } from '#src/runtime/clock.js';
import { runEngine } from '#src/runtime/driver.js';

type Event = { readonly kind: 'bytes' } | { readonly kind: 'go' };
type AnyEvent = Event | { readonly kind: 'deadline-reached' };

function recording(deadline: () => Instant | undefined): {
  engine: Engine<AnyEvent, string, string>;
  seen: string[];
} {
  const seen: string[] = [];
  return {
    seen,
    engine: {
      step: (_now, event) => {
        seen.push(event.kind);
        return [`${event.kind}-1`, `${event.kind}-2`];
      },
      nextDeadline: deadline,
      snapshot: () => seen.join(' '),
    },
  };
}

describe('the driver of an engine', () => {
  it('carries effects out in order, and takes a fact that an effect brings after them', () => {
    const { engine } = recording(() => undefined);
    const done: string[] = [];
    const driver = runEngine<Event, string, string>(
      engine,
      (effect) => {
        done.push(effect);
        if (effect === 'go-1') driver.offer({ kind: 'bytes' });
      },
      readNow,
    );
    driver.offer({ kind: 'go' });
    assert.deepEqual(done, ['go-1', 'go-2', 'bytes-1', 'bytes-2']);
  });

  it('does nothing more after it was stopped', () => {
    const { engine, seen } = recording(() => undefined);
    const driver = runEngine<Event, string, string>(engine, () => undefined, readNow);
    driver.stop();
    driver.offer({ kind: 'go' });
    assert.deepEqual(seen, []);
  });

  it('reads what waits in a socket before it judges a deadline that came late', async () => {
    const receiver = createSocket('udp4').bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const sender = createSocket('udp4');
    let deadline: Instant | undefined;
    const { engine, seen } = recording(() => {
      const due = deadline;
      deadline = undefined;
      return due;
    });
    const judged = new Promise<void>((resolve) => {
      const driver = runEngine<Event, string, string>(
        engine,
        (effect) => {
          if (effect === 'deadline-reached-2') resolve();
        },
        readNow,
      );
      receiver.on('message', () => driver.offer({ kind: 'bytes' }));
      sender.send('beat', receiver.address().port, '127.0.0.1', () => {
        // Our own stall: the deadline passes while the message waits in the socket.
        deadline = after(readNow().monotonic, millis(1));
        driver.offer({ kind: 'go' });
        const until = readNow().monotonic + 50;
        while (readNow().monotonic < until);
      });
    });
    await judged;
    sender.close();
    receiver.close();
    assert.deepEqual(seen.slice(0, 3), ['go', 'bytes', 'deadline-reached']);
  });

  it('reaches a deadline once, however many facts came before it', async () => {
    const due = after(readNow().monotonic, millis(5));
    let isReached = false;
    const { engine, seen } = recording(() => (isReached ? undefined : due));
    await new Promise<void>((resolve) => {
      const driver = runEngine<Event, string, string>(
        engine,
        (effect) => {
          if (effect !== 'deadline-reached-1') return;
          isReached = true;
          resolve();
        },
        readNow,
      );
      for (let count = 0; count < 3; count++) driver.offer({ kind: 'bytes' });
    });
    assert.deepEqual(seen, ['bytes', 'bytes', 'bytes', 'deadline-reached']);
  });

  it('reaches an earlier deadline that came up while a later one was awaited', async () => {
    const begin = readNow().monotonic;
    let deadline: Instant | undefined = after(begin, millis(60_000));
    const { engine, seen } = recording(() => deadline);
    const reached = new Promise<void>((resolve) => {
      const driver = runEngine<Event, string, string>(
        engine,
        (effect) => {
          if (effect !== 'deadline-reached-1') return;
          deadline = undefined;
          resolve();
        },
        readNow,
      );
      driver.offer({ kind: 'bytes' });
      deadline = after(begin, millis(5));
      driver.offer({ kind: 'go' });
    });
    await reached;
    assert.deepEqual(seen, ['bytes', 'go', 'deadline-reached']);
  });
});
