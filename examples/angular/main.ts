/** The diary in Angular, without zones and compiled in the page: the async pipe reads observables. */
import '@angular/compiler';
import { AsyncPipe } from '@angular/common';
import { Component, provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { CLOSE, Diary, openDiary, weight } from '../diary.ts';

const store = await openDiary();
const { state$, can$, send } = store.aggregate(Diary, 'weights');

@Component({
  selector: '#app',
  imports: [AsyncPipe],
  template: `
    <form (submit)="record($event)">
      <label>Weight (kg) <input name="kg" type="number" step="0.1" min="1" max="400" required /></label>
      <button [disabled]="(canRecord$ | async) === false">Record</button>
      <button type="button" [disabled]="(canClose$ | async) === false" (click)="close()">Close diary</button>
    </form>
    @if (state$ | async; as state) {
      <ol>
        @for (kg of state.context.weights; track $index) { <li>{{ kg }} kg</li> }
      </ol>
      <p>{{ state.value }}, {{ state.pending }} not sent</p>
    }
    @if (rebuild$ | async; as rebuild) {
      @if (rebuild.state !== 'current') { <output>Being brought up to date: {{ rebuild.folded }} of {{ rebuild.size }}</output> }
    }
  `,
})
class Weights {
  readonly state$ = state$;
  readonly rebuild$ = store.rebuild$;
  readonly canRecord$ = can$(weight(1));
  readonly canClose$ = can$(CLOSE);
  readonly close = () => send(CLOSE);
  readonly record = async (submit: SubmitEvent) => {
    submit.preventDefault();
    const form = submit.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const outcome = await send(weight(Number(new FormData(form).get('kg'))));
    if (outcome.kind === 'committed') form.reset();
  };
}

await bootstrapApplication(Weights, { providers: [provideZonelessChangeDetection()] });
