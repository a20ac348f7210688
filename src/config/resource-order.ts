// What a resource can be told and how that can end: the words between the cluster engine, which
// orders, and the resources, which carry out.

export type ResourceVerb = 'status' | 'start' | 'stop';

/** How an order to a resource ended. `running`/`stopped` answer `status` only. */
export type ResourceOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'running' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly reason: string };
