const config = window.CANTER;
const { CognitoUserPool, CognitoUser, CognitoUserAttribute, AuthenticationDetails } =
  window.AmazonCognitoIdentity;
const byId = (id) => document.getElementById(id);

// On AWS the library finds Cognito by the pool's region. Served from anywhere else, everything is at one address.
const onAws = new URL(config.apiUrl).hostname.endsWith('.amazonaws.com');
const home = location.pathname.startsWith('/_aws/') ? location.origin : new URL(config.apiUrl).origin;
const pool = new CognitoUserPool({
  UserPoolId: config.userPoolId,
  ClientId: config.clientId,
  ...(onAws ? {} : { endpoint: `${home}/` }),
});

/** The library calls back; everything here waits. */
const once = (start) =>
  new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));
const userOf = (email) => new CognitoUser({ Username: email, Pool: pool });

function signIn(email, password) {
  const user = userOf(email);
  return new Promise((resolve, reject) =>
    user.authenticateUser(new AuthenticationDetails({ Username: email, Password: password }), {
      onSuccess: resolve,
      onFailure: reject,
      newPasswordRequired: () => reject(new Error('This account needs a new password first.')),
    }),
  );
}

/** The session of a rider who is signed in, renewed when it must be; null for nobody. */
async function currentSession() {
  const user = pool.getCurrentUser();
  if (user === null) return null;
  return once((done) => user.getSession(done)).catch(() => null);
}

// What is shown.

function show(view) {
  document.body.dataset.view = view;
  for (const part of document.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== view;
  byId('rider').hidden = view !== 'ride';
  say('');
}

function say(text) {
  byId('message').textContent = text;
  byId('message').hidden = text === '';
}

/** Runs what a button or a form began: one at a time, and what goes wrong is said. */
function busy(button, work) {
  return async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    say('');
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      say(error.message ?? String(error));
    } finally {
      button.disabled = false;
    }
  };
}

const tabs = ['sign-up', 'sign-in'];
function selectTab(chosen, focus = false) {
  for (const name of tabs) {
    const tab = byId(`tab-${name}`);
    tab.setAttribute('aria-selected', String(name === chosen));
    tab.tabIndex = name === chosen ? 0 : -1;
    byId(`${name}-form`).hidden = name !== chosen;
    if (name === chosen && focus) tab.focus();
  }
}
for (const name of tabs) {
  byId(`tab-${name}`).addEventListener('click', () => selectTab(name));
  byId(`tab-${name}`).addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft' || key === 'ArrowRight')
      selectTab(
        tabs.find((other) => other !== name),
        true,
      );
  });
}

// Coming in.

/** Between signing up and the code: kept in this page only, so that confirming signs in. */
let pending = { email: '', password: '' };

function askForCode(email, password) {
  pending = { email, password };
  byId('confirm-email').textContent = email;
  byId('confirm-code').value = '';
  show('confirm');
  byId('confirm-code').focus();
}

async function enter(email, password) {
  try {
    await signIn(email, password);
  } catch (error) {
    if (error.code !== 'UserNotConfirmedException') throw error;
    askForCode(email, password);
    return;
  }
  await showRide();
}

byId('sign-up-form').addEventListener(
  'submit',
  busy(byId('sign-up-submit'), async () => {
    const email = byId('sign-up-email').value.trim();
    const password = byId('sign-up-password').value;
    const attributes = [new CognitoUserAttribute({ Name: 'email', Value: email })];
    await once((done) => pool.signUp(email, password, attributes, null, done));
    askForCode(email, password);
  }),
);
byId('sign-in-form').addEventListener(
  'submit',
  busy(byId('sign-in-submit'), () =>
    enter(byId('sign-in-email').value.trim(), byId('sign-in-password').value),
  ),
);
byId('confirm-form').addEventListener(
  'submit',
  busy(byId('confirm-submit'), async () => {
    const code = byId('confirm-code').value.trim();
    await once((done) => userOf(pending.email).confirmRegistration(code, true, done));
    const { email, password } = pending;
    pending = { email: '', password: '' };
    await enter(email, password);
  }),
);
byId('confirm-resend').addEventListener(
  'click',
  busy(byId('confirm-resend'), () => once((done) => userOf(pending.email).resendConfirmationCode(done))),
);
byId('confirm-back').addEventListener('click', () => show('welcome'));
byId('sign-out').addEventListener('click', () => {
  pool.getCurrentUser()?.signOut();
  clearRide();
  show('welcome');
  selectTab('sign-in');
});

// Where the rider stands. The picture is this square of the Earth, north up.

const WIDTH = 800;
const HEIGHT = 600;
const NORTH_WEST = { latitude: 47.39, longitude: 8.48 };
const SOUTH_EAST = { latitude: 47.36, longitude: 8.54 };
const svg = byId('map-picture');
let place;

function coordinates({ x, y }) {
  return {
    Latitude: NORTH_WEST.latitude + (y / HEIGHT) * (SOUTH_EAST.latitude - NORTH_WEST.latitude),
    Longitude: NORTH_WEST.longitude + (x / WIDTH) * (SOUTH_EAST.longitude - NORTH_WEST.longitude),
  };
}

const moveTo = (id, { x, y }) => byId(id).setAttribute('transform', `translate(${x} ${y})`);
const reveal = (id, shown) =>
  shown ? byId(id).removeAttribute('hidden') : byId(id).setAttribute('hidden', '');

function setPlace(point) {
  if (document.body.dataset.view !== 'ride' || riding) return;
  place = {
    x: Math.min(WIDTH, Math.max(0, point.x)),
    y: Math.min(HEIGHT, Math.max(0, point.y)),
  };
  moveTo('pin', place);
  reveal('pin', true);
  const { Latitude, Longitude } = coordinates(place);
  byId('ride-place').textContent = `Your pin: ${Latitude.toFixed(4)}° N, ${Longitude.toFixed(4)}° E.`;
  byId('request-ride').disabled = false;
}

byId('map').addEventListener('click', (event) => {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  setPlace(point);
});
byId('map').tabIndex = 0;
const steps = { ArrowLeft: [-20, 0], ArrowRight: [20, 0], ArrowUp: [0, -20], ArrowDown: [0, 20] };
byId('map').addEventListener('keydown', (event) => {
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const from = place ?? { x: WIDTH / 2, y: HEIGHT / 2 };
  setPlace({ x: from.x + step[0], y: from.y + step[1] });
});

// The ride.

let riding = false;

function clearRide() {
  place = undefined;
  riding = false;
  for (const id of ['pin', 'unicorn', 'ticket']) reveal(id, false);
  byId('trail').replaceChildren();
  byId('ride-status').textContent = '';
  byId('ride-title').textContent = 'Where are you?';
  byId('ride-place').textContent = 'Click on the map to set your pin.';
  byId('request-ride').disabled = true;
}

async function showRide() {
  const session = await currentSession();
  if (session === null) {
    show('welcome');
    return;
  }
  byId('rider-email').textContent = session.getIdToken().payload.email;
  clearRide();
  show('ride');
  byId('map').focus({ preventScroll: true });
}

/** Gallops in from beyond the nearer edge, along a curve. */
async function gallop(to, color) {
  const from = { x: to.x < WIDTH / 2 ? WIDTH + 60 : -60, y: 60 };
  const bend = { x: (from.x + to.x) / 2, y: Math.max(from.y, to.y) + 60 };
  byId('map').style.setProperty('--mane', color);
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', `M${from.x} ${from.y} Q${bend.x} ${bend.y} ${to.x} ${to.y}`);
  byId('trail').replaceChildren(path);
  reveal('unicorn', true);
  const length = path.getTotalLength();
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const duration = still ? 1 : 2600;
  const start = performance.now();
  for (let done = 0; done < 1; ) {
    done = Math.min(1, (performance.now() - start) / duration);
    const eased = 1 - (1 - done) ** 2;
    const { x, y } = path.getPointAtLength(length * eased);
    const hop = Math.abs(Math.sin(eased * 40)) * 12 * (1 - done);
    const facing = from.x < to.x ? 1 : -1;
    byId('unicorn').setAttribute('transform', `translate(${x} ${y - hop - 10}) scale(${facing} 1)`);
    await new Promise((next) => setTimeout(next, 16));
  }
}

function post(path, session, body) {
  return fetch(config.apiUrl + path, {
    method: 'POST',
    headers: { Authorization: session.getIdToken().getJwtToken(), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const renewed = (session) =>
  once((done) => pool.getCurrentUser().refreshSession(session.getRefreshToken(), done));

async function requestRide() {
  const session = await currentSession();
  if (session === null) {
    show('welcome');
    throw new Error('Please sign in again.');
  }
  byId('ride-status').textContent = 'Asking around the stables…';
  let answer = await post('/ride', session, { PickupLocation: coordinates(place) });
  if (answer.status === 401) {
    // The library thinks the token is good; the API, whose clock counts, does not.
    answer = await post('/ride', await renewed(session), { PickupLocation: coordinates(place) });
  }
  const ride = await answer.json();
  if (!answer.ok) {
    byId('ride-status').textContent = '';
    throw new Error(ride.Error ?? ride.message ?? `The stables answered ${answer.status}.`);
  }
  const { Name, Color, Motto } = ride.Unicorn;
  byId('ride-color').style.background = Color;
  byId('ride-unicorn').textContent = Name;
  byId('ride-motto').textContent = Motto;
  byId('ride-eta').textContent = ride.Eta;
  reveal('ticket', true);
  byId('ride-title').textContent = `${Name} is coming.`;
  byId('ride-status').textContent = `${Name} is on the way: ${ride.Eta}.`;
  riding = true;
  // Beside the pin, not on it.
  await gallop({ x: place.x + (place.x < WIDTH / 2 ? 48 : -48), y: place.y }, Color);
  riding = false;
  byId('ride-title').textContent = `${Name} is here!`;
  byId('ride-status').textContent = `${Name} has arrived. Hold on to the mane.`;
}
byId('request-ride').addEventListener('click', busy(byId('request-ride'), requestRide));

// Who is on duty: the one call that needs no account. Without it the page just shows no list.

async function showFleet() {
  const answer = await fetch(`${config.apiUrl}/fleet`);
  if (!answer.ok) return;
  const { Unicorns } = await answer.json();
  byId('fleet-list').replaceChildren(
    ...Unicorns.map(({ Name, Color, Motto }) => {
      const item = document.createElement('li');
      const swatch = document.createElement('span');
      swatch.className = 'swatch';
      swatch.style.background = Color;
      const words = document.createElement('span');
      const name = document.createElement('strong');
      name.textContent = Name;
      words.append(name, document.createElement('br'), Motto);
      item.append(swatch, words);
      return item;
    }),
  );
  reveal('fleet', true);
}

document.title = config.fleetName;
for (const name of document.querySelectorAll('[data-fleet-name]')) name.textContent = config.fleetName;
if (!onAws) {
  byId('inbox-link').href = `${home}/_lambent/inbox`;
  reveal('inbox-link', true);
}
if (pool.getCurrentUser() === null) show('welcome');
else await showRide();
showFleet().catch(() => reveal('fleet', false));
