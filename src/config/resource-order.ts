// What a resource can be told and how that can end: the words between the cluster engine, which
// orders, and the resources, which carry out.

export type ResourceVerb = 'status' | 'start' | 'stop';

/**
 * What addresses can be told as well. `prepare`: to be in place without being announced. `mute`: to
 * stay in place and not be announced any more. `start` announces, whatever was before.
 */
export type AddressVerb = ResourceVerb | 'prepare' | 'mute';

/** How an order to a resource ended. `running`/`stopped` answer `status` only. */
export type ResourceOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'running' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly reason: string };
