/** The diary without a framework: observables write into the page. */
import { CLOSE, Diary, openDiary, weight } from '../diary.ts';

const app = document.querySelector('#app') ?? document.body;
app.innerHTML = `
  <form>
    <label>Weight (kg) <input name="kg" type="number" step="0.1" min="1" max="400" required></label>
    <button>Record</button>
    <button type="button">Close diary</button>
  </form>
  <ol></ol>
  <p></p>
  <output></output>`;
const [form, list, line, note] = ['form', 'ol', 'p', 'output'].map((name) => app.querySelector(name));
const [recording, closing] = app.querySelectorAll('button');

const store = await openDiary();
const { state$, can$, send } = store.aggregate(Diary, 'weights');

state$.subscribe(({ context, pending, value }) => {
  const lines = context.weights.map((kg) => {
    const entry = document.createElement('li');
    entry.textContent = `${kg} kg`;
    return entry;
  });
  list?.replaceChildren(...lines);
  if (line) line.textContent = `${value}, ${pending} not sent`;
});
store.rebuild$.subscribe(({ state, folded, size }) => {
  if (note) note.textContent = state === 'current' ? '' : `Being brought up to date: ${folded} of ${size}`;
});
can$(weight(1)).subscribe((isLegal) => recording?.toggleAttribute('disabled', !isLegal));
can$(CLOSE).subscribe((isLegal) => closing?.toggleAttribute('disabled', !isLegal));

closing?.addEventListener('click', () => send(CLOSE));
form?.addEventListener('submit', async (submit) => {
  submit.preventDefault();
  if (!(form instanceof HTMLFormElement)) return;
  const outcome = await send(weight(Number(new FormData(form).get('kg'))));
  if (outcome.kind === 'committed') form.reset();
});
