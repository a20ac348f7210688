// Short ways to say a director's configuration in tests; everything not said has the default that
// the parser fills in.

import type {
  DirectorConfig,
  RealServerConfig,
  VirtualServiceConfig,
} from '#src/config/director-config.js';
import { plainHealth } from '#src/config/director-health.js';

export const real = (text: string, more: Partial<RealServerConfig> = {}): RealServerConfig => {
  const [address = '', port = '0'] = text.split(':');
  return {
    family: 4,
    address,
    port: Number(port),
    forwarding: 'masq',
    weight: 1,
    request: undefined,
    receive: undefined,
    upperThreshold: 0,
    lowerThreshold: 0,
    ...more,
  };
};

export const fallback = (text: string): NonNullable<VirtualServiceConfig['fallback']> => {
  const { family, address, port } = real(text);
  return { family, address, port, forwarding: 'masq' };
};

const noAlert: VirtualServiceConfig['alert'] = {
  to: '',
  repeatSeconds: 0,
  states: ['starting', 'running', 'stopping', 'reloading'],
  smtp: undefined,
};

export const virtual = (
  text: string,
  reals: readonly RealServerConfig[],
  more: Partial<VirtualServiceConfig> = {},
): VirtualServiceConfig => {
  const [address = '', port = '0'] = text.split(':');
  return {
    key: { kind: 'address', family: 4, protocol: 'tcp', address, port: Number(port) },
    name: text,
    id: `tcp:${text}`,
    scheduler: 'wrr',
    persistentSeconds: undefined,
    persistencePrefix: 32,
    isOnePacket: false,
    schedulerFlags: 0,
    reals,
    fallback: undefined,
    checkType: { kind: 'connect' },
    service: 'http',
    checkCommand: '/bin/true',
    checkTimeoutSeconds: 5,
    negotiateTimeoutSeconds: 8,
    checkIntervalSeconds: 2,
    checkCount: 1,
    failureCount: 1,
    checkPort: undefined,
    request: '/',
    receive: '',
    httpMethod: 'GET',
    virtualHost: undefined,
    login: '',
    password: '',
    database: '',
    secret: '',
    isQuiescent: false,
    isCleanStop: true,
    serviceName: undefined,
    comment: undefined,
    fallbackCommand: undefined,
    monitorFile: undefined,
    alert: noAlert,
    health: plainHealth,
    written: {
      checkIntervalSeconds: undefined,
      persistentSeconds: undefined,
      netmask: undefined,
      schedulerFlags: undefined,
      load: undefined,
      isOnePacket: false,
      isQuiescent: undefined,
      isCleanStop: undefined,
      fallback: undefined,
      fallbackCommand: undefined,
      alert: {},
      health: plainHealth,
    },
    ...more,
  };
};

export const config = (
  virtuals: readonly VirtualServiceConfig[],
  more: Partial<DirectorConfig> = {},
): DirectorConfig => ({
  virtuals,
  checkIntervalSeconds: 2,
  logfile: '/var/log/ldirectord.log',
  isSupervised: false,
  isAutoReload: false,
  isReaddQuiescent: false,
  callback: undefined,
  executes: [],
  maintenanceDir: undefined,
  standbyPace: 5,
  alertFrom: undefined,
  written: {
    checkTimeoutSeconds: undefined,
    negotiateTimeoutSeconds: undefined,
    checkCount: 1,
    failureCount: 1,
    isFork: false,
    isQuiescent: false,
    isCleanStop: true,
    fallback: undefined,
    fallback6: undefined,
    fallbackCommand: undefined,
    alert: noAlert,
    health: plainHealth,
  },
  ...more,
});
