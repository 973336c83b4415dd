/** The diary in React: a component renders again when what it shows changes. */
import { IndelibleProvider, useAggregate, useRebuild } from 'indelible/react';
import { type FormEvent, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CLOSE, Diary, openDiary, weight } from '../diary.ts';

const Weights = () => {
  const [{ value, context, pending }, { send, can }] = useAggregate(Diary, 'weights');
  const { state, percent } = useRebuild();
  const record = async (submit: FormEvent<HTMLFormElement>) => {
    submit.preventDefault();
    const form = submit.currentTarget;
    const outcome = await send(weight(Number(new FormData(form).get('kg'))));
    if (outcome.kind === 'committed') form.reset();
  };
  return (
    <>
      <form onSubmit={record}>
        <label>
          Weight (kg) <input name="kg" type="number" step="0.1" min="1" max="400" required />
        </label>
        <button type="submit" disabled={!can(weight(1))}>
          Record
        </button>
        <button type="button" disabled={!can(CLOSE)} onClick={() => send(CLOSE)}>
          Close diary
        </button>
      </form>
      <ol>
        {context.weights.map((kg, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end
          <li key={at}>{kg} kg</li>
        ))}
      </ol>
      <p>{`${value}, ${pending} not sent`}</p>
      <output>{state === 'current' ? '' : `Being brought up to date: ${percent} %`}</output>
    </>
  );
};

createRoot(document.querySelector('#app') ?? document.body).render(
  <StrictMode>
    <IndelibleProvider store={openDiary} fallback={<p>Opening …</p>}>
      <Weights />
    </IndelibleProvider>
  </StrictMode>,
);
