/** Marks on the rail which group of fields is being looked at. */

export function watchRail(root) {
  const links = new Map([...root.querySelectorAll("[data-rail]")].map((link) => [link.dataset.rail, link]));
  if (!links.size) return;
  const seen = new Set();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) seen.add(target.dataset.group);
        else seen.delete(target.dataset.group);
      }
      const current = [...links.keys()].find((number) => seen.has(number));
      if (!current) return;
      for (const [number, link] of links) {
        if (number === current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    },
    { rootMargin: "0px 0px -60% 0px" },
  );
  for (const group of root.querySelectorAll("[data-group]")) observer.observe(group);
}
