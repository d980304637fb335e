import { render } from 'preact';
import { App } from './app.tsx';
import { listenToKeys } from './place/keys.ts';
import { startClock } from './place/now.ts';
import { followLinks } from './place/place.ts';
import './style/tokens.css';
import './style/page.css';
import './style/rows.css';
import './style/parts.css';
import './style/screens.css';

const root = document.querySelector('#console');
if (root !== null) {
  followLinks();
  listenToKeys();
  startClock();
  render(<App />, root);
}
