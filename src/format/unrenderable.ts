/** Why a request cannot be made of an event. Its message is one line that names the option, and never holds a value. */
export class Unrenderable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unrenderable';
  }
}
