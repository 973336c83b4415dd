import './zodConfig.ts';
import { createRoot } from 'react-dom/client';
import { App } from './ui/App.tsx';

const root = document.getElementById('app');
if (root !== null) createRoot(root).render(<App />);
