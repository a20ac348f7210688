// Keeps the kernel's table as it is wanted: asks for readings, plans, orders requests, takes their
// outcomes, logs what was confirmed and what was refused. One order is outstanding at a time. It
// knows nothing of checks; verdicts reach it through the real servers' health alone.

import type { Instant } from '../base/time.js';
import type { DirectorConfig, VirtualServiceConfig } from '../config/director-config.js';
import { type IpvsRequest, ipvsKeyText, isAlreadyGone } from '../wire/ipvs-table.js';
import { type DesiredTable, desiredTable } from './desired-table.js';
import { createDrift, type Drift } from './drift.js';
import { plan, requestKey, requestText } from './plan.js';
import { adopt, healthOf, type RealServers, UNKNOWN } from './real-server.js';
import { destinationKey, realDestination } from './real-server-text.js';
import { createRefusals, type Refusals } from './refusals.js';
import type {
  TableApplied,
  TableKeeper,
  TableKeeperFace,
  TableRead,
  WithdrawalEnd,
} from './table-keeping.js';
import { tableLine } from './table-log.js';
import { createTableModel, type TableModel } from './table-model.js';
import { withdrawal } from './withdrawal.js';

type Order =
  | { readonly kind: 'read'; readonly id: number }
  | {
      readonly kind: 'apply';
      readonly id: number;
      readonly requests: readonly IpvsRequest[];
      readonly desired: DesiredTable;
      readonly isWithdrawal: boolean;
    };

export const createTableKeeper = (face: TableKeeperFace): TableKeeper => new Keeper(face);

class Keeper implements TableKeeper {
  readonly model: TableModel = createTableModel();
  readonly #face: TableKeeperFace;
  #config: DirectorConfig | undefined;
  #reals: RealServers = { byKey: new Map(), of: () => undefined };
  /** Our services, with their last configuration: the present ones and those to be removed. */
  #scope = new Map<string, VirtualServiceConfig>();
  #lastId = 0;
  #order: Order | undefined;
  #isOwned = false;
  #isLoaded = false;
  #isPatient = false;
  #isAdopting = false;
  #wantsRead = false;
  /** Services to be planned anew: all of them, or those whose real servers changed. */
  #isAllDue = false;
  readonly #due = new Set<string>();
  /** One more reading is made after a refusal: the model may have been out of date. */
  #mayReread = true;
  readonly #withdrawn: WithdrawalEnd[] = [];
  #answers: { readonly id: number; readonly text: string; readonly mayLack: boolean }[] = [];
  readonly #refusals: Refusals = createRefusals();
  readonly #drift: Drift = createDrift();
  #tableFault = '';

  constructor(face: TableKeeperFace) {
    this.#face = face;
  }

  configure(config: DirectorConfig, reals: RealServers): void {
    this.#config = config;
    this.#reals = reals;
    if (!this.#isOwned) this.#scope.clear();
    for (const virtual of config.virtuals) this.#scope.set(ipvsKeyText(virtual.key), virtual);
    this.#unblock();
    this.#isAllDue = true;
  }

  own(): void {
    this.#isOwned = true;
    this.#isLoaded = false;
    this.#isPatient = true;
    this.#endWithdrawal('taken over again before it was withdrawn');
    if (this.#config !== undefined) this.configure(this.#config, this.#reals);
    this.adoptNext();
  }

  isOwned(): boolean {
    return this.#isOwned;
  }

  isPatient(): boolean {
    return this.#isPatient;
  }

  adoptNext(): void {
    this.#isAdopting = true;
    this.#isPatient = true;
    this.#wantsRead = true;
    this.#isAllDue = true;
  }

  wantRead(): void {
    this.#wantsRead = true;
    this.#isAllDue = true;
  }

  wantPlan(serviceKey: string): void {
    this.#due.add(serviceKey);
  }

  startRound(): void {
    this.#unblock();
    this.wantRead();
  }

  endPatience(): void {
    this.#isPatient = false;
    this.#isAllDue = true;
  }

  withdraw(done: WithdrawalEnd): void {
    if (this.#isOwned) this.#withdrawn.push(done);
    else done(undefined);
  }

  #endWithdrawal(refusal: string | undefined): void {
    for (const done of this.#withdrawn.splice(0)) done(refusal);
  }

  /** What is still in the kernel is still ours: whoever asked may ask again. */
  #failWithdrawal(refusal: string): void {
    this.wantRead();
    this.#endWithdrawal(refusal);
  }

  answerWhenConfirmed(id: number, text: string, mayLack: boolean): void {
    this.#answers.push({ id, text, mayLack });
    this.#isAllDue = true;
  }

  isQuiet(): boolean {
    const isIdle = this.#order === undefined && !this.#wantsRead && !this.#isDue();
    return isIdle && this.#isLoaded && this.#isOwned;
  }

  isConfirmed(): boolean {
    return this.isQuiet() && this.#refusals.all().size === 0;
  }

  refused(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#refusals.all());
  }

  repairs(): number {
    return this.#drift.count();
  }

  advance(): void {
    if (this.#order !== undefined || !this.#isOwned) return;
    const isLeaving = this.#withdrawn.length > 0;
    if (isLeaving && this.#isLoaded) {
      this.#orderWithdrawal();
      return;
    }
    if (this.#wantsRead || isLeaving) {
      this.#wantsRead = false;
      this.#order = { kind: 'read', id: ++this.#lastId };
      this.#face.emit({ kind: 'read-table', id: this.#lastId });
      return;
    }
    if (this.#isDue() && this.#isLoaded) this.#orderPlan();
  }

  #isDue(): boolean {
    return this.#isAllDue || this.#due.size > 0;
  }

  #orderPlan(): void {
    const scope = this.#isAllDue ? new Set(this.#scope.keys()) : new Set(this.#due);
    const isAll = this.#isAllDue;
    this.#isAllDue = false;
    this.#due.clear();
    const desired = this.#desired(scope);
    const all = plan(desired, this.model.services(scope), scope);
    const requests = all.filter((request) => !this.#refusals.isBlocked(request));
    if (isAll) this.#refusals.keepOnly(all);
    if (requests.length > 0) this.#orderRequests(requests, desired, false);
    else this.#takeConfirmation();
  }

  /** The table is as wanted, as far as the kernel lets it. */
  #takeConfirmation(): void {
    this.#drift.repaired();
    this.#flushAnswers();
  }

  #desired(scope: ReadonlySet<string>): DesiredTable {
    if (this.#config === undefined) return [];
    const virtuals = this.#config.virtuals.filter(({ key }) => scope.has(ipvsKeyText(key)));
    const config = { ...this.#config, virtuals };
    const mode = this.#isPatient ? 'settling' : 'steady';
    return desiredTable(
      config,
      (virtual, real) => {
        const server = this.#reals.of(virtual, real);
        return server === undefined ? UNKNOWN : healthOf(server);
      },
      mode,
    );
  }

  #orderRequests(
    requests: readonly IpvsRequest[],
    desired: DesiredTable,
    isWithdrawal: boolean,
  ): void {
    const id = ++this.#lastId;
    this.#order = { kind: 'apply', id, requests, desired, isWithdrawal };
    this.#face.emit({ kind: 'apply', id, requests });
  }

  #orderWithdrawal(): void {
    const config = this.#config;
    const isUp = (virtual: VirtualServiceConfig, index: number): boolean => {
      const real = virtual.reals[index];
      return real !== undefined && this.#reals.of(virtual, real)?.verdict === 'up';
    };
    const requests = config === undefined ? [] : withdrawal(config, isUp, this.model);
    if (requests.length > 0) this.#orderRequests(requests, [], true);
    else this.letGo();
  }

  letGo(): void {
    this.#isOwned = false;
    this.#isLoaded = false;
    this.#wantsRead = false;
    this.#isAllDue = false;
    this.#due.clear();
    this.#refusals.clear();
    this.model.load([]);
    for (const { id } of this.#answers.splice(0)) {
      this.#face.emit({ kind: 'answer', id, isDone: false, text: 'withdrawn before it was done' });
    }
    this.#endWithdrawal(undefined);
  }

  takeReading(event: TableRead, now: Instant): void {
    if (this.#order?.kind !== 'read' || this.#order.id !== event.id) return;
    this.#order = undefined;
    if (!event.answer.ok) {
      const fault = `The IPVS table cannot be read: ${event.answer.reason}`;
      this.#tellTableFault(fault);
      this.#endWithdrawal(fault);
      return;
    }
    this.#tableFault = '';
    const reading = event.answer.value;
    const scope = new Set(this.#scope.keys());
    if (this.#isLoaded && !this.#isAdopting) {
      for (const text of this.#drift.take(this.model.differences(reading, scope))) {
        this.#face.log('WARN', 'table-changed', text);
      }
    }
    this.model.load(reading);
    if (this.#isAdopting && this.#withdrawn.length === 0) this.#adoptAll(now);
    this.#isAdopting = false;
    this.#isLoaded = true;
    this.#isAllDue = true;
    this.#noteQuiesced();
  }

  #adoptAll(now: Instant): void {
    const found = new Map<VirtualServiceConfig, number>();
    for (const real of this.#reals.byKey.values()) {
      const key = ipvsKeyText(real.virtual.key);
      const name = destinationKey(realDestination(real.virtual, real.config));
      const there = this.model.destination(key, name);
      if (there === undefined || there.weight === 0) continue;
      if (real.verdict === 'undecided' || real.verdict === 'off') {
        adopt(real, now);
        found.set(real.virtual, (found.get(real.virtual) ?? 0) + 1);
      }
    }
    for (const [virtual, count] of found) {
      const servers = `${count} of ${virtual.reals.length} real servers in the table`;
      const text = `Adopted virtual server: ${virtual.name} (${servers})`;
      this.#face.log('info', 'virtual-adopted', text);
    }
  }

  #noteQuiesced(): void {
    for (const real of this.#reals.byKey.values()) {
      if (real.verdict !== 'down' && real.verdict !== 'off') continue;
      const name = destinationKey(realDestination(real.virtual, real.config));
      const there = this.model.destination(ipvsKeyText(real.virtual.key), name);
      if (there?.weight === 0) real.isQuiescedSeen = true;
    }
  }

  takeOutcomes(event: TableApplied): void {
    const order = this.#order;
    if (order?.kind !== 'apply' || order.id !== event.id) return;
    this.#order = undefined;
    if (!event.answer.ok) {
      const fault = `The IPVS table cannot be changed: ${event.answer.reason}`;
      this.#tellTableFault(fault);
      // Nothing is known about what was carried out.
      if (order.isWithdrawal) this.#failWithdrawal(fault);
      else this.#isAllDue = true;
      return;
    }
    const outcomes = event.answer.value;
    const desiredByKey = new Map(
      order.desired.map((service) => [ipvsKeyText(service.service.key), service]),
    );
    let refusal: string | undefined;
    order.requests.forEach((request, index) => {
      const outcome = outcomes[index] ?? { errno: -1, reason: 'no outcome was told' };
      const isGone = order.isWithdrawal && isAlreadyGone(outcome);
      if (outcome.errno !== 0 && !isGone) {
        refusal ??= `the kernel refused ${requestText(request)}: ${outcome.reason}`;
        const text = this.#refusals.take(request, outcome.reason);
        if (text !== undefined) this.#face.log('ERROR', 'kernel-refused', text);
        return;
      }
      this.#tellConfirmed(request, desiredByKey, order.isWithdrawal);
      this.model.confirm(request);
      this.#refusals.forget(request);
    });
    if (order.isWithdrawal) {
      if (refusal === undefined) this.letGo();
      else this.#failWithdrawal(refusal);
      return;
    }
    this.#noteQuiesced();
    this.#forgetRemoved();
    if (refusal !== undefined) this.#takeRefused();
    else if (!this.#isDue()) this.#takeConfirmation();
  }

  /** The model may have been out of date: once in a round the table is read again for it. */
  #takeRefused(): void {
    this.#isAllDue = true;
    if (!this.#mayReread) return;
    this.#mayReread = false;
    this.#wantsRead = true;
  }

  #tellConfirmed(
    request: IpvsRequest,
    desiredByKey: ReadonlyMap<string, DesiredTable[number]>,
    isWithdrawal: boolean,
  ): void {
    const key = requestKey(request);
    const virtual = this.#scope.get(key);
    if (virtual === undefined) return;
    const name = 'destination' in request ? destinationKey(request.destination) : '';
    const isRepair = this.#drift.isRepair(key, name);
    const line = tableLine(request, {
      virtual,
      desired: desiredByKey.get(key),
      realServer: (of, origin) =>
        origin.kind === 'real' ? this.#reals.of(of, origin.real) : undefined,
      isReaddQuiescent: this.#config?.isReaddQuiescent ?? false,
      weightBefore: this.model.destination(key, name)?.weight,
      isRepair,
      isStopping: isWithdrawal,
    });
    this.#face.log('info', line.code, line.text);
    if (line.alert !== undefined) this.#face.alert({ virtual, ...line.alert });
  }

  #unblock(): void {
    this.#refusals.unblock();
    this.#mayReread = true;
  }

  /** A removed service whose deletion was confirmed is nobody's business any more. */
  #forgetRemoved(): void {
    const configured = new Set(this.#config?.virtuals.map((virtual) => ipvsKeyText(virtual.key)));
    for (const key of this.#scope.keys()) {
      if (!configured.has(key) && !this.model.has(key)) this.#scope.delete(key);
    }
  }

  #flushAnswers(): void {
    const first = [...this.#refusals.all()].at(0);
    for (const { id, text, mayLack } of this.#answers.splice(0)) {
      const why = first === undefined ? text : `the kernel refused ${first[0]}: ${first[1]}`;
      this.#face.emit({ kind: 'answer', id, isDone: first === undefined || mayLack, text: why });
    }
  }

  #tellTableFault(text: string): void {
    if (this.#tableFault !== text) this.#face.log('ERROR', 'table-fault', text);
    this.#tableFault = text;
    for (const { id } of this.#answers.splice(0)) {
      this.#face.emit({ kind: 'answer', id, isDone: false, text });
    }
  }
}
