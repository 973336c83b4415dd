import type { AnyStateMachine } from 'xstate';

export function chartOf(machine: AnyStateMachine, title: string): string;
