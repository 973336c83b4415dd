/** A view mirrored into an RxDB collection, for applications that query with RxDB. Names are listed by hand. */
export { type Mirror, type MirrorState, mirrorView } from './mirror.ts';
