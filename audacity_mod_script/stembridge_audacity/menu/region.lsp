;; From the selection to requests: runs once per selected audio track, and acts at the last.

(setf sb-wav-preference "/FileFormats/ExportFormat_SF1_Type/WAV_10000")

(defun sb-floor (x)
  (let ((n (truncate x)))
    (if (< x n) (1- n) n)))

;; The frame that Audacity's export begins with: the same arithmetic as the core's.
(defun sb-frame (seconds rate)
  (sb-floor (+ (* seconds rate) 0.5)))

(defun sb-centred (pan)
  (if (listp pan) nil (= pan 0)))

(defun sb-this-track ()
  (list (1- (nth (1- (get '*track* 'index)) (get '*selection* 'tracks)))
        (get '*track* 'name)
        (get '*track* 'rate)
        (if (arrayp *track*) 2 1)
        (get '*track* 'start-time)
        (get '*track* 'end-time)
        (and (not (arrayp *track*)) (sb-centred (get '*track* 'pan)))))

(defun sb-track-json (track)
  (format nil "{\"index\":~a,\"name\":~a,\"rate\":~a,\"channels\":~a,\"start\":~a,\"end\":~a}"
    (first track) (sb-text (second track)) (sb-number (third track)) (nth 3 track)
    (sb-number (nth 4 track)) (sb-number (nth 5 track))))

;; Why these tracks can't be one region: a sentence, or NIL.
(defun sb-objection (tracks mixed start end)
  (let ((soloed nil) (rows (sb-audio-tracks)) (rate (third (first tracks))) (why nil) (audible nil))
    (dolist (row rows)
      (when (eql (sb-field row 'solo) 1) (setf soloed t)))
    (dolist (track tracks)
      (let ((row (sb-find #'(lambda (row) (= (sb-field row 'place) (first track))) rows)))
        (cond ((eql (sb-field row 'mute) 1)
               (setf why (format nil "The track '~a' is muted: unmute it, or take it out of the selection." (second track))))
              ((and soloed (not (eql (sb-field row 'solo) 1)))
               (setf why (format nil "Another track is soloed, so '~a' can't be heard: end the solo first." (second track))))
              ((and mixed (/= (third track) rate))
               (setf why "The selected tracks have different sample rates: choose 'each on its own' for several tracks."))))
      (if (and (nth 4 track) (< (nth 4 track) end) (> (nth 5 track) start))
          (setf audible t)
          (unless mixed
            (setf why (format nil "The track '~a' has no audio in the selection." (second track))))))
    (or why (if audible nil "There is no audio in the selection."))))

(defun sb-preference ()
  (let ((reply (aud-do (format nil "GetPreference: Name=\"~a\"" sb-wav-preference))))
    (if (and (consp reply) (cdr reply) (string/= (car reply) "")) (car reply) nil)))

(defun sb-set-preference (value)
  (aud-do (format nil "SetPreference: Name=\"~a\" Value=~a" sb-wav-preference value)))

;; The region as 32-bit float at the tracks' rate; whatever is switched for it is switched back.
(defun sb-export (id tracks start end)
  (let* ((path (sb-path "requests/" id ".wav"))
         (rate (third (first tracks)))
         (before (get '*project* 'rate))
         (preference (sb-preference))
         (mono (not (member nil (mapcar #'(lambda (track) (nth 6 track)) tracks)))))
    (sb-select-tracks (mapcar #'first tracks))
    (when (/= rate before)
      (aud-do (format nil "SetProject: Rate=~a" (sb-number rate))))
    (aud-do (format nil "SelectTime: Start=~a End=~a"
      (sb-number (/ (float (sb-frame start rate)) rate)) (sb-number (/ (float (sb-frame end rate)) rate))))
    (sb-set-preference 6)
    (sb-do-in (sb-path "requests") "Export2" (strcat id ".wav") (if mono " NumChannels=1" " NumChannels=2"))
    (sb-set-preference (or preference 2))
    (when (/= rate before)
      (aud-do (format nil "SetProject: Rate=~a" (sb-number before))))
    (aud-do (format nil "SelectTime: Start=~a End=~a" (sb-number start) (sb-number end)))
    (sb-exists path)))

;; The labels that lie in a stretch, as (start end text); Audacity tells their times with six digits.
(defun sb-labels (start end)
  (let ((found nil))
    (dolist (row (aud-get-info "Labels") (reverse found))
      (dolist (label (second row))
        (when (and (< (first label) (second label))
                   (> (first label) (- start 0.01))
                   (< (second label) (+ end 0.01)))
          (setf found (cons (list (max start (first label)) (min end (second label)) (third label)) found)))))))

;; MORE is what else stands in the request. SPAN is (start end label).
(defun sb-region (what settings tracks span more)
  (let* ((id (sb-new-id))
         (by-pipe (eq (sb-watcher) 'pipe))
         (start (first span))
         (end (second span))
         (exported (or by-pipe (sb-export id tracks start end))))
    (and exported
      (sb-request id what
        (format nil ",~a,\"selection\":{\"start\":~a,\"end\":~a},\"tracks\":[~a],\"export\":~a~a"
          settings (sb-number start) (sb-number end) (sb-join (mapcar #'sb-track-json tracks) ",")
          (if by-pipe "null" (sb-text (strcat id ".wav"))) more)))))

;; SEVERAL: 0 the mix of all tracks, 1 a request for each track, 2 one for each label; gives the reply.
(defun sb-ask (what settings several tracks)
  (let* ((start (get '*selection* 'start))
         (end (get '*selection* 'end))
         (selected (sb-selected-places))
         (spans (if (= several 2) (sb-labels start end) (list (list start end nil))))
         (groups (if (= several 1) (mapcar #'list tracks) (list tracks)))
         (count (* (length spans) (length groups)))
         (together (if (> count 1) (format nil ",\"group\":{\"id\":~a,\"count\":~a}" (sb-text (sb-new-id)) count) ""))
         (why (if spans (sb-objection tracks (/= several 1) start end) (sb-no-labels)))
         (well t))
    (cond (why why)
          (t (dolist (span spans)
               (let ((label (if (third span) (format nil ",\"label\":~a" (sb-text (third span))) "")))
                 (dolist (group groups)
                   (unless (sb-region what settings group span (strcat label together)) (setf well nil)))))
             (sb-select-tracks selected)
             (when (= several 2)
               (aud-do (format nil "SelectTime: Start=~a End=~a" (sb-number start) (sb-number end))))
             (if well (sb-noted "Your request waits.") (sb-no-folder))))))

(defun sb-no-labels ()
  "There is no label with a length in the selection.\n\nSelect over the labels, too (Ctrl+B makes one of the selection).")

;; Collects the tracks; at the last one calls ACT with all of them, before that gives silence.
(defun sb-at-the-last-track (act)
  (let* ((index (get '*track* 'index))
         (tracks (if (= index 1) nil (get '*scratch* 'stembridge-tracks))))
    (setf tracks (append tracks (list (sb-this-track))))
    (putprop '*scratch* tracks 'stembridge-tracks)
    (if (= index (length (get '*selection* 'tracks)))
        (funcall act tracks)
        "")))
