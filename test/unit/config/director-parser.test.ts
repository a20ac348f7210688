// ldirectord.cf where we differ from ldirectord or say more; the rest is in conformance/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { describeDiagnostics } from '#src/config/diagnostic.js';
import type { DirectorConfig, VirtualServiceConfig } from '#src/config/director-config.js';
import { createRecordingLookup, type NameLookup } from '#src/config/director-names.js';
import { type ParsedDirectorConfig, parseDirectorConfig } from '#src/config/director-parser.js';

const names: NameLookup = {
  hostName: 'penguin-mom',
  host: (name, family) => (name === 'web1' && family === 4 ? '192.168.0.1' : undefined),
  service: (name, protocol) => (name === 'http' && protocol !== 'udp' ? 80 : undefined),
  fileFault: () => undefined,
  folderFault: () => undefined,
};

const parse = (text: string): ParsedDirectorConfig => parseDirectorConfig(text, 'x.cf', names);

function good(text: string): DirectorConfig {
  const { config, diagnostics } = parse(text);
  assert.ok(config, describeDiagnostics(diagnostics));
  return config;
}

/** The virtual service that the indented lines make. */
function virtual(lines: string, globals = ''): VirtualServiceConfig {
  const [first] = good(`${globals}virtual=10.0.0.1:80\n\treal=10.0.0.2:80 masq\n${lines}`).virtuals;
  assert.ok(first);
  return first;
}

const faults = (text: string): readonly string[] =>
  parse(text).diagnostics.map(
    (each) => `${each.severity} ${each.code} ${each.line}:${each.column}`,
  );

const head = 'virtual=10.0.0.1:80\n\treal=10.0.0.2:80 masq\n';

describe('ldirectord.cf', () => {
  it('names all faults of a file in one run', () => {
    const text = `checktimeout=0\nfrob=1\n${head}\tchecktyp=ping\n\tservice=gopher\nquiescent=on\n`;
    assert.deepEqual(faults(text), [
      'error unknown-directive 2:1',
      'error unknown-directive 5:2',
      'error bad-value 1:14',
      'error bad-value 7:11',
      'error bad-value 6:10',
    ]);
  });

  it('prints a fault with the line, a caret and what is meant', () => {
    assert.equal(
      describeDiagnostics(parse(`${head}\tschedulr=rr\n`).diagnostics),
      [
        'x.cf:3:2: error: Unknown command "\tschedulr=rr"',
        '    3 |     schedulr=rr',
        '      |     ^~~~~~~~ did you mean "scheduler"?',
      ].join('\n'),
    );
  });

  it('never prints a password, whatever is wrong with its line', () => {
    for (const line of ['passwd=hush', 'paswd="hush"', 'secret=hush', 'passwd="hush" x"hush\r']) {
      const { diagnostics } = parse(`${head}\t${line}\nvirtual=1.2.3.4\n   ${line}\n${line}\n`);
      assert.ok(diagnostics.length > 0);
      assert.ok(!JSON.stringify(diagnostics).includes('hush'), line);
    }
  });

  it('goes on with a virtual service behind a blank line', () => {
    assert.equal(virtual('\n\tscheduler=rr\n').scheduler, 'rr');
  });

  it('keeps a hash inside quotes and cuts a comment behind a value everywhere', () => {
    assert.equal(virtual('\tpasswd="a#b" # login\n').password, 'a#b');
    assert.equal(good(`autoreload=yes # at once\n${head}`).isAutoReload, true);
  });

  it('honours a request on the real line that begins with a slash', () => {
    const [real] = good(
      'virtual=10.0.0.1:80\n\treal=10.0.0.2:80 masq 3 "/a","b" l:1 u:9\n',
    ).virtuals.flatMap((each) => each.reals);
    assert.deepEqual(real, {
      family: 4,
      address: '10.0.0.2',
      port: 80,
      forwarding: 'masq',
      weight: 3,
      request: '/a',
      receive: 'b',
      upperThreshold: 9,
      lowerThreshold: 1,
    });
  });

  it('refuses what ldirectord takes for something else', () => {
    assert.deepEqual(
      faults('virtual=10.0.0.1\n\treal=10.0.0.2:80 gate\n')[0],
      'error bad-virtual 1:9',
    );
    const real = (line: string): string | undefined => faults(`virtual=1\n\treal=${line}\n`)[0];
    assert.equal(real('10.0.0.2/24:80 masq'), 'error bad-real-server 2:7');
    assert.equal(real('10.0.0.2::80 masq'), 'error bad-real-server 2:7');
    for (const line of [
      'failurecount=2.9',
      'checktimeout=5s',
      'persistent=-1',
      'checktype=connect2',
    ]) {
      assert.equal(faults(`${head}\t${line}\n`)[0]?.split(' ')[1], 'bad-value', line);
    }
  });

  it('points at the second of two equal virtual services and at the first', () => {
    const [fault] = parse(`${head}\n${head}`).diagnostics;
    assert.equal(fault?.line, 4);
    assert.equal(fault?.originalLine, 5);
    assert.equal(fault?.related?.line, 1);
  });

  it('takes a range of real servers across octets, and refuses one beyond the limit', () => {
    const text = 'virtual=1\n\treal=10.0.0.254->10.0.1.1 gate\n';
    assert.deepEqual(
      good(text).virtuals[0]?.reals.map((each) => each.address),
      ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1'],
    );
    assert.match(faults('virtual=1\n\treal=10.0.0.1->10.9.0.1 gate\n').join(), /bad-real-server/);
  });

  it('gives schedflags as the bits of the kernel', () => {
    assert.equal(
      virtual('\tscheduler=sh\n\tschedflags=sh-fallback,sh-port\n').schedulerFlags,
      0x18,
    );
    assert.equal(virtual('\tscheduler=mh\n\tschedflags=flag-3\n').schedulerFlags, 0x20);
    assert.match(faults(`${head}\tschedflags=none\n`).join(), /error bad-value 3:13/);
  });

  it('resolves a global fallback for each protocol, with the port of the virtual service', () => {
    const text = `fallback=127.0.0.1\n${head}virtual=7\n\treal=10.0.0.2 gate\n\tservice=none\n`;
    assert.deepEqual(
      good(text).virtuals.map((each) => each.fallback?.port),
      [80, 0],
    );
    assert.equal(good(`fallback=127.0.0.1:http\n${head}`).virtuals[0]?.fallback?.port, 80);
    const udp = 'virtual=10.0.0.1:53\n\treal=10.0.0.2:53 masq\n\tchecktype=ping\n';
    assert.match(faults(`fallback=127.0.0.1:http\n${udp}`).join(), /error cannot-resolve 1:10/);
  });

  it('warns about what is understood but has no effect', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['\tnetmask=255.255.255.0\n', 'value-ignored'],
      ['\tops=yes\n', 'value-ignored'],
      ['\tcheckinterval=3\n', 'value-ignored'],
      ['\tpersistent=0\n', 'value-ignored'],
      ['\tservice=dns\n', 'missing-value'],
      ['\tservice=mysql\n', 'missing-value'],
      ['\treceive="OK ("\n', 'bad-pattern'],
      ['\treal=10.0.0.3:80 masq 1 "x" "[a"\n', 'bad-pattern'],
      ['\treal=10.0.0.2:80 gate\n', 'duplicate-real-server'],
      ['\treal=10.0.0.3:81 gate\n', 'port-not-mapped'],
    ];
    for (const [line, code] of cases) {
      assert.ok(
        faults(head + line).some((each) => each.startsWith(`warning ${code}`)),
        line,
      );
      assert.ok(parse(head + line).config, line);
    }
    assert.deepEqual(faults('virtual=10.0.0.1:80\n'), ['warning no-real-server 1:9']);
    const unchecked = 'virtual=10.0.0.1:8080\n\treal=10.0.0.2:8080 masq\n';
    assert.deepEqual(faults(unchecked), ['warning unchecked-service 1:9']);
  });

  it('asks once for every name, so that the edge can resolve all before', () => {
    const needed = createRecordingLookup();
    parseDirectorConfig(
      'fallback=Fall:80\nlogfile="/var/log/x"\nmaintenancedir=/m\n' +
        'virtual=www:http\n\treal=a->b:80 masq\n\tfallback=c\n\tmonitorfile=/mon\n' +
        'virtual6=www:http\n\treal6=d:http masq\n',
      'x.cf',
      needed,
    );
    assert.deepEqual([...needed.hosts].sort(), [
      '4 a',
      '4 b',
      '4 c',
      '4 fall',
      '4 www',
      '6 d',
      '6 www',
    ]);
    assert.deepEqual([...needed.files].sort(), ['/mon', '/var/log/x']);
    assert.deepEqual([...needed.folders], ['/m']);
  });
});
