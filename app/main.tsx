import './zodConfig.ts';
import { createRoot } from 'react-dom/client';
import { App } from './ui/App.tsx';

const root = document.getElementById('app');
if (root !== null) createRoot(root).render(<App />);
// Where it is refused, the page works all the same, as long as the network is there.
navigator.serviceWorker?.register('./service-worker.js').catch(() => undefined);
