// plan() as a law: for any wanted table and any table that is there, its requests lead from one to
// the other without a refusal, touch nothing of others and never empty a service on the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VirtualServiceConfig } from '#src/config/director-config.js';
import { type DesiredTable, desiredTable, type RealHealth } from '#src/director/desired-table.js';
import { plan } from '#src/director/plan.js';
import { destinationKey } from '#src/director/real-server-text.js';
import { type IpvsRequest, ipvsKeyText, type ObservedService } from '#src/wire/ipvs-table.js';
import { config, fallback, real, virtual } from '../../simulation/director-config-builder.js';
import { FakeIpvs } from '../../simulation/fake-ipvs.js';

const OURS = ['10.0.0.100:80', '10.0.0.101:80', '10.0.0.102:80'];
const FORMER = '10.0.0.103:80';
const FOREIGN = '203.0.113.1:80';

const addresses = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 5 });
const verdicts = fc.constantFrom('up', 'down', 'undecided', 'off');
const HEALTHY: RealHealth = {
  verdict: 'up',
  isQuiescedSeen: false,
  isKept: false,
  rampedWeight: undefined,
};
const methods = fc.constantFrom('gate', 'masq', 'ipip');

const someVirtual = (name: string): fc.Arbitrary<VirtualServiceConfig> =>
  fc
    .record({
      numbers: addresses,
      forwarding: methods,
      weight: fc.integer({ min: 1, max: 3 }),
      isQuiescent: fc.boolean(),
      hasFallback: fc.boolean(),
      scheduler: fc.constantFrom('rr', 'wlc'),
      persistentSeconds: fc.constantFrom(undefined, 60),
    })
    .map(({ numbers, forwarding, weight, hasFallback, ...more }) =>
      virtual(
        name,
        numbers.map((n) => real(`10.1.0.${n}:${8000 + n}`, { forwarding, weight })),
        { ...more, fallback: hasFallback ? fallback('127.0.0.1:80') : undefined },
      ),
    );

const someDesired: fc.Arbitrary<DesiredTable> = fc
  .record({
    virtuals: fc.tuple(...OURS.map(someVirtual)),
    healths: fc.array(
      fc.record({
        verdict: verdicts,
        isQuiescedSeen: fc.boolean(),
        isKept: fc.constant(false),
        rampedWeight: fc.constantFrom(undefined, 1),
      }),
      { minLength: 40, maxLength: 40 },
    ),
    count: fc.integer({ min: 0, max: OURS.length }),
  })
  .map(({ virtuals, healths, count }) => {
    let at = 0;
    const health = (): RealHealth => healths[at++] ?? HEALTHY;
    return desiredTable(config(virtuals.slice(0, count)), health, 'steady');
  });

const someTable: fc.Arbitrary<readonly ObservedService[]> = fc
  .subarray([...OURS, FORMER, FOREIGN])
  .chain((names) => fc.tuple(...names.map(someVirtual)))
  .map((virtuals) => {
    const kernel = new FakeIpvs();
    const health = (): RealHealth => HEALTHY;
    const requests = plan(desiredTable(config(virtuals), health, 'steady'), [], new Set());
    kernel.apply(requests);
    return kernel.read();
  });

const scope = new Set([...OURS, FORMER].map((name) => ipvsKeyText(virtual(name, []).key)));

function kernelWith(table: readonly ObservedService[]): FakeIpvs {
  const kernel = new FakeIpvs();
  for (const { destinations, ...service } of table) {
    const { key } = service;
    kernel.apply([{ kind: 'add-service', service }]);
    for (const destination of destinations) {
      kernel.apply([{ kind: 'add-destination', key, destination }]);
    }
  }
  kernel.requests.length = 0;
  return kernel;
}

const linesOf = (kernel: FakeIpvs, word: string): readonly string[] =>
  kernel.lines().filter((line) => line.includes(` ${word}`));

test('the requests of a plan are all accepted and lead to the wanted table', () => {
  fc.assert(
    fc.property(someDesired, someTable, (desired, observed) => {
      const kernel = kernelWith(observed);
      const outcomes = kernel.apply(plan(desired, observed, scope));
      assert.deepEqual(
        outcomes.filter(({ errno }) => errno !== 0),
        [],
      );
      assert.deepEqual(plan(desired, kernel.read(), scope), []);
      const wanted = new Set(desired.map(({ service }) => ipvsKeyText(service.key)));
      const present = new Set(kernel.read().map((service) => ipvsKeyText(service.key)));
      for (const key of wanted) assert.ok(present.has(key));
      for (const key of scope) assert.equal(present.has(key), wanted.has(key));
    }),
  );
});

test('every wanted destination is there afterwards, exactly as wanted', () => {
  fc.assert(
    fc.property(someDesired, someTable, (desired, observed) => {
      const kernel = kernelWith(observed);
      kernel.apply(plan(desired, observed, scope));
      const byKey = new Map(kernel.read().map((service) => [ipvsKeyText(service.key), service]));
      for (const { service, destinations, untouched } of desired) {
        const there = byKey.get(ipvsKeyText(service.key))?.destinations ?? [];
        const names = new Map(there.map((one) => [destinationKey(one), one]));
        for (const { destination, isOptional } of destinations) {
          const found = names.get(destinationKey(destination));
          names.delete(destinationKey(destination));
          if (found === undefined) assert.ok(isOptional);
          else assert.equal(found.weight, destination.weight);
        }
        for (const name of names.keys()) assert.ok(untouched.has(name));
      }
    }),
  );
});

test('services outside the scope are never touched', () => {
  fc.assert(
    fc.property(someDesired, someTable, (desired, observed) => {
      const kernel = kernelWith(observed);
      const before = linesOf(kernel, `tcp ${FOREIGN}`);
      kernel.apply(plan(desired, observed, scope));
      assert.deepEqual(linesOf(kernel, `tcp ${FOREIGN}`), before);
    }),
  );
});

const hasCarrier = (service: ObservedService | undefined): boolean =>
  service?.destinations.some(({ weight }) => weight > 0) ?? false;

test('no state on the way leaves a service without a carrier that has one before and after', () => {
  fc.assert(
    fc.property(someDesired, someTable, (desired, observed) => {
      const kernel = kernelWith(observed);
      const wanted = new Map(desired.map((one) => [ipvsKeyText(one.service.key), one]));
      const carried = observed
        .filter(hasCarrier)
        .map((service) => ipvsKeyText(service.key))
        .filter((key) =>
          wanted.get(key)?.destinations.some(({ destination }) => destination.weight > 0),
        );
      kernel.onChange = () => {
        const now = new Map(kernel.read().map((service) => [ipvsKeyText(service.key), service]));
        for (const key of carried) assert.ok(hasCarrier(now.get(key)), `${key} is empty`);
      };
      kernel.apply(plan(desired, observed, scope));
    }),
  );
});

test('within a service the order is service, raised, quiesced, removed', () => {
  fc.assert(
    fc.property(someDesired, someTable, (desired, observed) => {
      const rank = (request: IpvsRequest): number => {
        if (request.kind === 'add-service' || request.kind === 'edit-service') return 0;
        if (request.kind === 'delete-service') return 4;
        if (request.kind === 'delete-destination') return 3;
        return request.destination.weight > 0 ? 1 : 2;
      };
      const last = new Map<string, number>();
      for (const request of plan(desired, observed, scope)) {
        const key = ipvsKeyText('service' in request ? request.service.key : request.key);
        assert.ok(rank(request) >= (last.get(key) ?? 0));
        last.set(key, rank(request));
      }
    }),
  );
});
