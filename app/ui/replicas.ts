/** Which device a replica is, as far as this page knows. */
import { createContext, useContext } from 'react';
import { shortId } from '../model/times.ts';

export type ReplicaName = (replica: string) => string;

export const ReplicaNames = createContext<ReplicaName>((replica) => shortId(replica));

export const useReplicaName = (): ReplicaName => useContext(ReplicaNames);
