// The program inside report.html.
export {};
