// Says when the workshop opens next, in the visitor's own words for the day.
const place = document.querySelector("[data-today]");

if (place) {
  const next = new Date();
  next.setDate(next.getDate() + ((6 - next.getDay() + 7) % 7));
  const today = next.toDateString() === new Date().toDateString();
  const day = next.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
  place.textContent = today ? "today until dusk" : day;
}
