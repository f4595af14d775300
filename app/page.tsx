/** `/`: the camera and photos. */
import { Workspace } from './components/workspace.tsx';

export default function Page() {
  return <Workspace />;
}
